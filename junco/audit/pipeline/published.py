"""Evidence of parameter_randomization that never decides: a paper's own statistics, and other norm policies."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from junco.audit.pipeline.case import Case
from junco.audit.pipeline.merge import Merged
from junco.audit.pipeline.numbers import interval, known, point
from junco.audit.verdict import Table, kappa, spread
from junco.contract.catalogue import Arm, Depth, View
from junco.contract.plan import PlannedMethod, Shard, ShardKind
from junco.contract.randomization import Aggregate, NormPolicy, Order
from junco.contract.statistics import Interval, PolicyStatistics, PublishedStatistics

RESAMPLES = 10_000
"""Of the images, with replacement (Sixt et al. 2020)."""
_LEVELS = {Aggregate.MEAN: 0.95, Aggregate.MEDIAN: 0.99}
SMOOTH = "smooth"
"""Name of smooth MPRT among published statistics."""


@dataclass(frozen=True)
class Evidence:
    """Pieces of one job: the deciding cells, the curve, other policies, and smoothed maps."""

    cells: Merged
    curve: Merged
    policies: Merged
    smooth: Merged


def evidence(case: Case, cells: Merged, curve: Merged) -> Evidence:
    """What ``case`` holds beside its deciding cells."""
    more = (Merged(case.plan, case.pieces(kind)) for kind in (ShardKind.NORM_POLICIES, ShardKind.SMOOTH))
    return Evidence(cells, curve, *more)


def published(method: PlannedMethod, found: Evidence) -> tuple[PublishedStatistics, ...]:
    """The convention's statistics at every stage, and smooth MPRT's where it was asked for."""
    return (*_of_convention(method, found), *_smoothed(method, found.smooth))


def _of_convention(method: PlannedMethod, found: Evidence) -> Iterator[PublishedStatistics]:
    plan = found.cells.plan
    for metric in plan.randomization.metrics:
        for stage in plan.stages:
            # The deciding depths were measured on all images, the stages between them on the curve's.
            merged = found.cells if stage in plan.depths.values() else found.curve
            values = _kept(merged.table(method.label, plan.arms[0], stage, quantity=metric.name))
            if values.size:
                yield _statistic(metric.name, stage, values, merged)


def _smoothed(method: PlannedMethod, merged: Merged) -> Iterator[PublishedStatistics]:
    quantity = "rho_abs" if method.card.view is View.SIGNED else "rho"
    for stage in sorted(set(merged.plan.depths.values())):
        values = _kept(merged.table(method.label, merged.plan.arms[0], stage, quantity=quantity))
        if values.size and not method.control:
            yield _statistic(SMOOTH, stage, values, merged)


def _statistic(name: str, stage: int, values: Table, merged: Merged) -> PublishedStatistics:
    plan = merged.plan
    order = Order.BOTTOM_UP if name == SMOOTH else plan.randomization.order
    aggregate = Aggregate.MEAN if name == SMOOTH else plan.randomization.aggregate
    value = _median(values, seed=plan.seed) if aggregate is Aggregate.MEDIAN else point(values)
    return PublishedStatistics(
        name=name,
        order=order,
        stage=stage,
        layer=plan.steps[stage - 1 if order is Order.BOTTOM_UP else len(plan.steps) - stage],
        images=values.shape[0],
        seeds=values.shape[1],
        value=value.mean,
        deviation=known(float(np.nanstd(values))),
        lower=value.lower,
        upper=value.upper,
        level=_LEVELS[aggregate],
    )


def _median(values: Table, *, seed: int) -> Interval:
    """Median over images of their means over seeds, with bootstrap percentiles .5 and 99.5."""
    rows = np.nanmean(values, axis=1)
    draws = np.random.default_rng(seed).integers(len(rows), size=(RESAMPLES, len(rows)))
    low, high = np.percentile(np.median(rows[draws], axis=1), (0.5, 99.5))
    return Interval(mean=float(np.median(rows)), lower=float(low), upper=float(high))


def policies(method: PlannedMethod, found: Evidence) -> tuple[PolicyStatistics, ...]:
    """kappa at full depth under every other norm policy, beside the plan's own on the same images and draws."""
    plan = found.cells.plan
    return tuple(
        _policy(method.label, policy, found, shard)
        for policy in plan.norm_alternatives
        for shard, _ in found.policies.pieces
        if shard.norm_policy is policy
    )


def _policy(label: str, policy: NormPolicy, found: Evidence, shard: Shard) -> PolicyStatistics:
    mine = [piece for piece in found.policies.pieces if piece[0].norm_policy is policy]
    other = Merged(found.cells.plan, mine)
    part = np.ix_(list(shard.images), [cell.seed for cell in shard.cells])
    return PolicyStatistics(
        policy=policy,
        images=len(shard.images),
        seeds=len(shard.cells),
        rho=interval(spread(_full(other, label, "rho")[part])),
        kappa=interval(spread(_kappa(other, label)[part])),
        own=interval(spread(_kappa(found.cells, label)[part])),
        degenerate=float(_full(other, label, "degenerate")[part].mean()),
    )


def _kappa(merged: Merged, label: str) -> Table:
    support = merged.plan.profile.thresholds.kappa_support
    ceiling = merged.original(label, "ceiling")
    return kappa(_full(merged, label, "rho"), _full(merged, label, "floor"), ceiling, support=support)


def _full(merged: Merged, label: str, quantity: str) -> Table:
    return merged.table(label, Arm.REINIT, merged.plan.depths[Depth.FULL], quantity=quantity)


def _kept(table: Table) -> Table:
    """Only images and seeds with a value."""
    there = ~np.isnan(table)
    return table[there.any(1)][:, there.any(0)]
