"""Convergence of one method's rule, from the shard that measured it to what class_sensitivity shows of it."""

from junco.audit.checks.convergence import NAMES
from junco.audit.partial import Partial
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import known
from junco.contract.statistics import ConvergencePoint

CONVERGED = 0.99
"""Median |cosine| from which a rule counts as converged: what Sixt et al. (2020) find of all but LRP-z and DeepLIFT."""


def layers_of(pieces: Pieces, label: str) -> tuple[ConvergencePoint, ...]:
    """Every layer that the rule came by, output first; none for a method without a rule on this model."""
    return tuple(point for _, partial in pieces for point in _points(partial, label))


def converged(layers: tuple[ConvergencePoint, ...]) -> bool:
    """Whether nothing but a factor is left of the start at the lowest layer, and more than a factor could be."""
    if not layers or layers[-1].median is None:
        return False
    # In one dimension all directions are one.
    return layers[-1].median >= CONVERGED > (layers[-1].expected or 0)


def _points(partial: Partial, label: str) -> list[ConvergencePoint]:
    layers = partial.facts["layers"]
    assert isinstance(layers, dict)
    points = []
    for i, layer in enumerate(layers.get(label, ())):
        values = {name: known(float(partial.arrays[label, "convergence", name][i])) for name in NAMES}
        points.append(ConvergencePoint.model_validate({"layer": layer, **values}))
    return points
