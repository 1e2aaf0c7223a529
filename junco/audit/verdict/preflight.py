"""Did randomisation change the model at all? Tensors that differ do not prove it: hidden units may just have moved.

Logits of the trained and of each fully randomised model are correlated over images, each class centred. A model that
computes the same correlates in every seed; a random one may correlate in one seed by chance, above all with few
classes, where one common factor such as brightness rules the outputs. So the test asks for correlation in every seed,
and with two or three classes also for outputs that are close in value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float64]
_FEW_CLASSES = 3


@dataclass(frozen=True)
class Change:
    """Whether outputs changed; ``correlations`` and relative ``distances`` per seed, and whether all are finite."""

    changed: bool
    finite: bool
    correlations: tuple[float, ...]
    distances: tuple[float, ...]


def changed(original: Logits, randomised: Sequence[Logits], *, limit: float) -> Change:
    """Compare logits [images, classes]; ``limit`` is the correlation from which a model counts as unchanged."""
    finite = bool(np.isfinite(original).all() and all(np.isfinite(z).all() for z in randomised))
    if not finite:
        return Change(changed=False, finite=False, correlations=(), distances=())
    pairs = [_compared(original, z) for z in randomised]
    correlations, distances = tuple(r for r, _ in pairs), tuple(d for _, d in pairs)
    alike = all(r >= limit for r in correlations)
    if original.shape[1] <= _FEW_CLASSES:
        alike = alike and all(d < limit for d in distances)
    return Change(changed=not alike, finite=True, correlations=correlations, distances=distances)


def _compared(a: Logits, b: Logits) -> tuple[float, float]:
    a, b = a - a.mean(0), b - b.mean(0)
    size = float(np.linalg.norm(a))
    scale = size * float(np.linalg.norm(b))
    # Outputs that do not depend on the image correlate with nothing.
    r = float((a * b).sum() / scale) if scale > 0 else 0.0
    return r, float(np.linalg.norm(a - b)) / size if size > 0 else float(np.linalg.norm(b))
