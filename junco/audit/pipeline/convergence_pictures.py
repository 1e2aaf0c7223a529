"""The picture of convergence: what is left of a rule's start, layer by layer from the output down."""

import math

from junco.audit.pipeline.convergence import CONVERGED
from junco.audit.pipeline.drawing import Artifact, Sketch, folder
from junco.audit.render import CurveData, curves_png
from junco.contract.catalogue import CheckName
from junco.contract.statistics import ClassStatistics, ConvergencePoint

CHECK = CheckName.CLASS_SENSITIVITY
_TITLE = "Does the rule remember what it started from?"
_CAPTION = (
    "Random relevance carried back by each method's rule: |cosine| of what two starts become, at each layer from the "
    "output down, median and deciles. At 1 all starts end in one direction."
)


def convergence_picture(sketch: Sketch) -> list[Artifact]:
    """One line for every method that goes by a rule; nothing where none does."""
    found = {
        method.label: check.statistics.layers
        for method in (*sketch.outcome.methods, *sketch.outcome.controls)
        for check in method.checks
        if isinstance(check.statistics, ClassStatistics) and check.statistics.layers
    }
    if not found:
        return []
    stages = max((tuple(point.layer for point in layers) for layers in found.values()), key=len)
    curves = [_curve(label, layers, stages) for label, layers in found.items()]
    png = curves_png(curves, title=_TITLE, y_label="|cosine| of two starts", thresholds=(CONVERGED,))
    return [Artifact(f"{folder(CHECK)}/convergence.png", png, _CAPTION)]


def _curve(label: str, layers: tuple[ConvergencePoint, ...], stages: tuple[str, ...]) -> CurveData:
    """The line of one method, with gaps where it has no layer or nothing arrived."""
    at = {point.layer: (point.median, point.lower, point.upper) for point in layers}
    rows = [[math.nan if v is None else v for v in at.get(stage, (None, None, None))] for stage in stages]
    median, lower, upper = zip(*rows, strict=True)
    return CurveData(label=label, x=stages, mean=median, lower=lower, upper=upper)
