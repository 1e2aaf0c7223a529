"""Confidence bounds on probabilities by Kullback-Leibler divergence (Kaufmann & Kalyanakrishnan, KL-LUCB, 2013)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_HALVINGS = 20
"""Of an interval of length 1, to a millionth: far below what samples in the thousands can tell."""


def divergence(p: Floats, q: Floats) -> Floats:
    """KL divergence of Bernoulli(p) from Bernoulli(q), infinite where q excludes what p allows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(p > 0, p * np.log(p / q), 0.0)
        miss = np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0.0)
    total: Floats = hit + miss
    return total


def upper(hits: Floats, draws: Floats, *, level: float) -> Floats:
    """Largest q with draws * KL(hits / draws, q) <= level; 1 without draws."""
    return _bound(hits, draws, level, end=1.0)


def lower(hits: Floats, draws: Floats, *, level: float) -> Floats:
    """Smallest q with draws * KL(hits / draws, q) <= level; 0 without draws."""
    return _bound(hits, draws, level, end=0.0)


def _bound(hits: Floats, draws: Floats, level: float, *, end: float) -> Floats:
    seen = draws > 0
    p = np.where(seen, hits / np.maximum(draws, 1), end)
    near, far = p.copy(), np.full_like(p, end)
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        inside = draws * divergence(p, middle) <= level
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return near


def level(arms: int, rounds: int, *, confidence: float) -> float:
    """Exploration rate of KL-LUCB1 after ``rounds`` rounds among ``arms`` (k = 405.5, alpha = 1.1: the paper's)."""
    rate = np.log(405.5 * max(arms, 1) * max(rounds, 1) ** 1.1 / (1 - confidence))
    return float(rate + np.log(rate))
