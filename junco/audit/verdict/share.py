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


def share(success: Table) -> Share:
    """The share of ``success`` (1, 0, NaN where there was no trial)."""
    known = success[~np.isnan(success)]
    return Share(int(known.sum()), known.size)


def least_trials(rate: float, alpha: float) -> int:
    """Fewest trials without a success at which the interval stays below ``rate``."""
    z = float(special.ndtri(1 - alpha / 2))
    return math.floor(z**2 * (1 / rate - 1)) + 1
