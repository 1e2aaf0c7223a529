"""Two-way interval of a mean over crossed images and seeds.

An image-only bootstrap ignores the variance between seeds and covers 48-95 % where it promises 95 %; the two-way
interval covers 92-97 %. Formulae: docs/verdicts.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Table = NDArray[np.float64]
"""Images down, seeds across; NaN where undefined."""


@dataclass(frozen=True)
class TwoWay:
    """Mean of a table with its two-way variance ``v`` and degrees of freedom ``df``."""

    mean: float
    v: float
    df: float

    def lower(self, alpha: float) -> float:
        """One-sided lower bound at level ``alpha``."""
        return self.mean - self._width(alpha)

    def upper(self, alpha: float) -> float:
        """One-sided upper bound at level ``alpha``."""
        return self.mean + self._width(alpha)

    def p_above(self, tau: float) -> float:
        """p value of the claim that the mean exceeds ``tau``; small supports it."""
        return self._cdf(tau - self.mean)

    def p_below(self, tau: float) -> float:
        """p value of the claim that the mean stays below ``tau``; small supports it."""
        return self._cdf(self.mean - tau)

    def _width(self, alpha: float) -> float:
        return 0.0 if self.v == 0 else float(special.stdtrit(self.df, 1 - alpha) * np.sqrt(self.v))

    def _cdf(self, distance: float) -> float:
        if self.v == 0:  # no variance at all: the claim simply holds or does not
            return float(distance > 0) if distance else 0.5
        return float(special.stdtr(self.df, distance / np.sqrt(self.v)))


def two_way(y: Table) -> TwoWay | None:
    """Interval of the mean of ``y``; None when fewer than two images or two seeds have any value.

    Undefined cells are filled with the additive fit (row plus column effect), which leaves row and column means as they
    are, and their count is taken from the residual's degrees of freedom.
    """
    y = y[~np.isnan(y).all(axis=1)][:, ~np.isnan(y).all(axis=0)] if y.size else y
    n, s = y.shape if y.ndim == 2 else (0, 0)
    if n < 2 or s < 2:
        return None
    missing = int(np.isnan(y).sum())
    df_e = (n - 1) * (s - 1) - missing
    if df_e < 1:
        return None
    return _analysis(_filled(y), df_e)


def spread(y: Table) -> TwoWay | None:
    """Two-way interval of the mean of ``y`` [images, seeds]; over images alone where there is one seed."""
    return two_way(y) if y.ndim == 2 and y.shape[1] > 1 else one_way(y)


def one_way(y: Table) -> TwoWay | None:
    """Interval of the mean of all values of ``y`` as one sample; None when fewer than two are defined."""
    known = y[~np.isnan(y)]
    if known.size < 2:
        return None
    return TwoWay(mean=float(known.mean()), v=float(known.var(ddof=1)) / known.size, df=known.size - 1.0)


def _analysis(y: Table, df_e: int) -> TwoWay:
    n, s = y.shape
    mean = float(y.mean())
    rows, columns = y.mean(axis=1) - mean, y.mean(axis=0) - mean
    ms_i = float(s * (rows**2).sum() / (n - 1))
    ms_s = float(n * (columns**2).sum() / (s - 1))
    ms_e = float(((y - mean - rows[:, None] - columns) ** 2).sum() / df_e)
    scale = max(abs(mean), 1.0)
    ms_i, ms_s, ms_e = (0.0 if ms < (1e-12 * scale) ** 2 else ms for ms in (ms_i, ms_s, ms_e))
    v = max(ms_i + ms_s - ms_e, ms_i, ms_s) / (n * s)
    if ms_i + ms_s <= ms_e:
        return TwoWay(mean=mean, v=v, df=float(s - 1))
    terms = ms_i**2 / (n - 1) + ms_s**2 / (s - 1) + ms_e**2 / df_e
    return TwoWay(mean=mean, v=v, df=max(1.0, (ms_i + ms_s - ms_e) ** 2 / terms) if terms else float(s - 1))


def _filled(y: Table) -> Table:
    holes = np.isnan(y)
    if not holes.any():
        return y
    full = np.where(holes, np.nanmean(y), y)
    for _ in range(200):  # alternating least squares; converges geometrically
        fit = full.mean(axis=1, keepdims=True) + full.mean(axis=0) - full.mean()
        step = np.abs(full[holes] - fit[holes]).max()
        full = np.where(holes, fit, y)
        if step < 1e-12:
            break
    return full


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given (Holm 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
