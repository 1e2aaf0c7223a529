"""What a reader must know beside a verdict (docs/verdicts.md)."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from junco.audit.pipeline.merge import Merged
from junco.audit.pipeline.trust import too_few
from junco.audit.verdict import DECIDING, Judgement
from junco.contract.catalogue import Depth, Verdict, View
from junco.contract.model import ModelReport
from junco.contract.outcome import Caveat
from junco.contract.plan import PlannedMethod
from junco.contract.randomization import Order
from junco.contract.statistics import PolicyStatistics, RandomizationStatistics

DOMINATED = 0.5
"""Similarity to edges, or of two random models' maps, above which a map belongs to the input or the architecture."""
COARSE = 14 * 14
"""Cells below which a map has few degrees of freedom."""
CALIBRATED = 256
"""Images on which running statistics of a drawn network settle."""


def of_method(
    method: PlannedMethod, judgement: Judgement, stats: RandomizationStatistics, merged: Merged
) -> tuple[Caveat, ...]:
    """Caveats of one method under parameter_randomization."""
    return tuple(dict.fromkeys(_of_method(method, judgement, stats, merged)))


def _of_method(
    method: PlannedMethod, judgement: Judgement, stats: RandomizationStatistics, merged: Merged
) -> Iterator[Caveat]:
    deciding = {place: d for place, d in judgement.depths.items() if place[1] in DECIDING}
    if judgement.verdict is Verdict.PASS:
        yield Caveat.NECESSARY_NOT_SUFFICIENT
    if max(stats.edge_similarity or 0, stats.random_vs_random or 0) > DOMINATED:
        yield Caveat.INPUT_DOMINATED
    if judgement.verdict is Verdict.PASS and method.card.view is View.SIGNED and _sign_only(stats):
        yield Caveat.SIGN_ONLY
    for depth in DECIDING:
        if len({d.decision for (_, at), d in deciding.items() if at is depth}) > 1:
            yield Caveat.SCHEME_DISAGREEMENT
    # Under the other orders it is not the upper half that is random at the top.
    cascade = merged.plan.randomization.order is Order.CASCADING
    if cascade and _fails(judgement, Depth.TOP) and not _fails(judgement, Depth.FULL):
        yield Caveat.SHALLOW_INVARIANCE
    if stats.resolution and min(math.prod(stats.resolution), _freedom(method, merged)) < COARSE:
        yield Caveat.LOW_RESOLUTION
    if any(d.degenerate > 0 for d in deciding.values()):
        yield Caveat.DEGENERATE_MAPS
    if any(d.unchanged for d in deciding.values()):
        yield Caveat.IDENTITY
    if any(_disagrees(seen, merged) for seen in stats.policies):
        yield Caveat.BN_POLICY_DISAGREEMENT
    yield from too_few(len(merged.plan.selected), merged.plan.profile)


def _disagrees(seen: PolicyStatistics, merged: Merged) -> bool:
    """Whether another norm policy moves kappa by as much as lies between a pass and a fail."""
    t = merged.plan.profile.thresholds
    if seen.kappa.mean is None or seen.own.mean is None:
        return False
    return abs(seen.kappa.mean - seen.own.mean) > t.tau_fail - t.tau_pass


def of_run(merged: Merged, report: ModelReport, labels: Sequence[int | None] = ()) -> tuple[Caveat, ...]:
    """Caveats of the whole check: images, classes, parameters, calibration."""
    return tuple(_of_run(merged, report, labels))


def _of_run(merged: Merged, report: ModelReport, labels: Sequence[int | None]) -> Iterator[Caveat]:
    count, profile = len(merged.plan.selected), merged.plan.profile
    if count < profile.images_minimum:
        yield Caveat.TOO_FEW_IMAGES
    elif count < profile.images_recommended:
        yield Caveat.FEW_IMAGES
    predictions = merged.logits().argmax(1)
    if len(np.unique(predictions)) < min(5, report.classes):
        yield Caveat.FEW_CLASSES
    if any(truth is not None and truth != found for truth, found in zip(labels, predictions, strict=False)):
        yield Caveat.MISCLASSIFIED
    if report.executor != "graph":
        yield Caveat.NO_GRADIENT_CONTROL
    if report.coverage.fraction < 1:
        yield Caveat.PARAMETERS_LEFT
    has_norms = any(kind.startswith("BatchNorm") for kind in report.norms)
    if has_norms and min(merged.facts("calibration"), default=CALIBRATED) < CALIBRATED:
        yield Caveat.FEW_CALIBRATION_IMAGES


def _freedom(method: PlannedMethod, merged: Merged) -> float:
    """Values that a map holds freely where those are fewer than its pixels: segments painted at full resolution."""
    return method.chosen.freedom(merged.plan.preprocessing.shape) or math.inf


def _sign_only(stats: RandomizationStatistics) -> bool:
    found = [d.secondary.get("kappa_abs") for d in stats.depths if d.depth in DECIDING]
    return any(value is None or value > DOMINATED for value in found)


def _fails(judgement: Judgement, depth: Depth) -> bool:
    return all(d.decision is Verdict.FAIL for (_, at), d in judgement.depths.items() if at is depth)
