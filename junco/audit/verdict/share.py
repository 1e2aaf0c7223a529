"""A share of successes with Wilson's interval (Wilson 1927), which holds where few or all trials succeed."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from junco.audit.verdict.interval import Table


@dataclass(frozen=True)
class Share:
    """``successes`` of ``trials``."""

    successes: int
    trials: int

    @property
    def rate(self) -> float:
        """Successes a trial; NaN without any."""
        return self.successes / self.trials if self.trials else math.nan

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Two-sided interval at level 1 - ``alpha``; everything from 0 to 1 without a trial."""
        if not self.trials:
            return 0.0, 1.0
        n, p, z = self.trials, self.rate, float(special.ndtri(1 - alpha / 2))
        middle = p + z**2 / (2 * n)
        width = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        whole = 1 + z**2 / n
        return max(0.0, (middle - width) / whole), min(1.0, (middle + width) / whole)

    def p_above(self, rate: float) -> float:
        """Two-sided p value of the claim that the share exceeds ``rate``: below alpha where ``bounds`` lie above it."""
        if not self.trials:
            return 1.0
        z = (self.rate - rate) / math.sqrt(rate * (1 - rate) / self.trials)
        return min(1.0, 2 * float(special.ndtr(-z)))


def share(success: Table) -> Share:
    """The share of ``success`` (1, 0, NaN where there was no trial)."""
    known = success[~np.isnan(success)]
    return Share(int(known.sum()), known.size)


def chance(trials: int, rate: float) -> int:
    """Successes that ``trials`` which each succeed at ``rate`` exceed at most once in a hundred times."""
    return int(special.bdtrik(0.99, trials, rate)) + 1


def least_trials(rate: float, alpha: float, *, seen: float = 0.0, power: float = 0.5) -> int:
    """Fewest trials at which the interval about a true share of ``seen`` leaves ``rate`` out with this power."""
    z, more = float(special.ndtri(1 - alpha / 2)), float(special.ndtri(power))
    root = (z * math.sqrt(rate * (1 - rate)) + more * math.sqrt(seen * (1 - seen))) / (rate - seen)
    return math.floor(root**2) + 1
