"""From merged partials to what the verdict sees, and from its judgement to published statistics."""

import math

import numpy as np

from junco.audit.pipeline.merge import Merged
from junco.audit.pipeline.prepare import DESCRIPTIVE
from junco.audit.verdict import Effect, Judgement, MethodNumbers, Numbers, Table, TwoWay, kappa, one_way, two_way
from junco.contract.catalogue import Arm, Depth
from junco.contract.plan import PlannedMethod
from junco.contract.statistics import DepthStatistics, Interval, RandomizationStatistics


def method_numbers(merged: Merged, method: PlannedMethod) -> MethodNumbers:
    """All tables of one method that its verdict needs."""
    plan = merged.plan
    places = [(arm, depth) for arm in plan.arms for depth in Depth]
    return MethodNumbers(
        label=method.label,
        ceiling=merged.original(method.label, "ceiling"),
        depths={(arm, depth): _depth_numbers(merged, method.label, arm, plan.depths[depth]) for arm, depth in places},
        order=plan.randomization.order,
    )


def _depth_numbers(merged: Merged, label: str, arm: Arm, stage: int) -> Numbers:
    rho, floor, degenerate = (merged.table(label, arm, stage, quantity=q) for q in ("rho", "floor", "degenerate"))
    likeness = merged.original(label, "likeness")
    # A partial that was stored before likeness was measured has none.
    return Numbers(rho, floor, degenerate, likeness=None if np.isnan(likeness).all() else likeness)


def statistics(merged: Merged, judgement: Judgement, *, completeness: float | None) -> RandomizationStatistics:
    """Everything measured of one method, for the result."""
    label, full = judgement.label, merged.plan.depths[Depth.FULL]
    twins = [merged.table(label, arm, full, quantity="random_vs_random") for arm in merged.plan.arms]
    return RandomizationStatistics(
        ceiling=known(judgement.ceiling),
        depths=tuple(_depth(merged, label, *place, d) for place, d in judgement.depths.items()),
        edge_similarity=mean(merged.original(label, "edge")),
        random_vs_random=mean(np.stack(twins)),
        random_map_floor=mean(merged.original(label, "random_map")),
        completeness=completeness,
        resolution=_resolution(merged, label),
    )


def _resolution(merged: Merged, label: str) -> tuple[int, int] | None:
    found = [seen[label] for seen in merged.facts("resolutions") if label in seen]
    return (found[0][0], found[0][1]) if found else None


def _depth(merged: Merged, label: str, arm: Arm, depth: Depth, d: Effect) -> DepthStatistics:
    stage = merged.plan.depths[depth]
    return DepthStatistics(
        arm=arm,
        depth=depth,
        images=len(merged.plan.selected),
        seeds=merged.plan.profile.seeds,
        rho=interval(d.rho),
        floor=known(d.floor),
        kappa=interval(d.kappa),
        degrees_of_freedom=d.kappa.df if d.kappa else None,
        identity=d.identity,
        p_fail=d.p_fail if d.kappa else None,
        p_fail_holm=d.p_fail_holm if d.kappa else None,
        p_pass=d.p_pass if d.kappa else None,
        likeness=known(d.likeness),
        p_survived=d.survival.p if d.survival else None,
        undefined=d.undefined,
        degenerate=d.degenerate,
        decision=d.decision,
        secondary=_secondary(merged, label, arm, stage),
    )


def _secondary(merged: Merged, label: str, arm: Arm, stage: int) -> dict[str, float | None]:
    found = {name: mean(merged.table(label, arm, stage, quantity=name)) for name in ("rho_abs", *DESCRIPTIVE)}
    found |= {"kappa_abs": mean(kappa_abs(merged, label, arm, stage))}
    if stage == merged.plan.depths[Depth.FULL]:
        found |= {"efficient": mean(_efficient(merged, label, arm, stage))}
    return found


def _efficient(merged: Merged, label: str, arm: Arm, stage: int) -> Table:
    """Efficient MPRT: rise of the map's entropy over that on the trained model, as a share of it."""
    before = merged.original(label, "complexity")[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = (merged.table(label, arm, stage, quantity="complexity") - before) / before
    return np.where(np.isfinite(rise), rise, np.nan)


def kappa_abs(merged: Merged, label: str, arm: Arm, stage: int) -> Table:
    """kappa of the maps' magnitudes, by the same rule as kappa of the signed maps."""
    rho, floor = (merged.table(label, arm, stage, quantity=q) for q in ("rho_abs", "floor_abs"))
    support = merged.plan.profile.thresholds.kappa_support
    return kappa(rho, floor, merged.original(label, "ceiling"), support=support)


def interval(found: TwoWay | None) -> Interval:
    """Mean and 95 % two-sided bounds."""
    if found is None:
        return Interval(mean=None)
    return Interval(mean=found.mean, lower=found.lower(0.025), upper=found.upper(0.025))


def point(values: Table) -> Interval:
    """A curve's point from [images, seeds]: two-way where there are seeds, over images alone otherwise."""
    found = two_way(values) or one_way(values)
    return interval(found) if found else Interval(mean=mean(values))


def mean(values: Table) -> float | None:
    """Mean of what is defined; None when nothing is."""
    rows = values[~np.isnan(values)]
    return float(rows.mean()) if rows.size else None


def median(values: Table | None) -> float | None:
    """Median of what is defined; None when nothing is."""
    rows = np.empty(0) if values is None else values[~np.isnan(values)]
    return known(float(np.median(rows))) if rows.size else None


def known(value: float | None) -> float | None:
    """A figure, if there is one: JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None
