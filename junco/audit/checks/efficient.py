"""Efficient MPRT (Hedström et al. 2024): is a random network's map more complex than the trained one's?

q = (xi(e_rand) - xi(e)) / xi(e), with e_rand from the fully randomised network and xi the Shannon entropy of a map's
histogram. Higher is called better; there is no published threshold, and the entropy depends on bins and tails.
"""

import numpy as np
import torch
from torch import Tensor

BINS = 100


def complexity(maps: Tensor) -> Tensor:
    """xi [n] in nats of maps [n, h, w]: entropy of ``BINS`` equal bins from a map's least to its largest value.

    NaN for a map that is constant or not finite.
    """
    return torch.tensor([_entropy(row) for row in maps.detach().double().flatten(1).cpu().numpy()], dtype=torch.float64)


def _entropy(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if not np.isfinite(values).all() or values.min() == values.max():
        return float("nan")
    counts = np.histogram(values, bins=BINS)[0]
    shares = counts[counts > 0] / values.size
    return float(-(shares * np.log(shares)).sum())
