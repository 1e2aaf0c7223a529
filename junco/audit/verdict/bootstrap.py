"""Is the mean of paired differences above zero? By the bootstrap of its t statistic (Efron & Tibshirani 1993, 16.4).

Images are drawn again from differences that were moved to have mean zero. The t statistic rather than the mean, since
resampled means are too narrow for a few dozen images.
"""

import numpy as np

from junco.audit.verdict.interval import Table

RESAMPLES = 4999


def p_positive(differences: Table, rng: np.random.Generator, *, resamples: int = RESAMPLES) -> float:
    """p value of the claim that the mean of ``differences`` [n] is above zero; 1 for fewer than two."""
    known = differences[~np.isnan(differences)]
    if known.size < 2:
        return 1.0
    if known.std() == 0:  # nothing varies: the claim simply holds or does not
        return float(known[0] <= 0)
    centred = known - known.mean()
    drawn = centred[rng.integers(0, known.size, (resamples, known.size))]
    beyond = _t(drawn) >= _t(known[None])[0]
    return float((1 + beyond.sum()) / (1 + resamples))


def _t(samples: Table) -> Table:
    """t statistic of each row; plus or minus infinity where a row has no spread and a mean."""
    mean, spread = samples.mean(1), samples.std(1, ddof=1) / np.sqrt(samples.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean == 0, 0.0, mean / spread)
