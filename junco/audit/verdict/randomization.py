"""The verdict of parameter_randomization: numbers in, verdict out (docs/verdicts.md).

kappa_is = (rho_is - F_is) / (R_i - F_is): 1, randomisation changed nothing beyond the method's own noise; 0, the map
is as unrelated as another image's. FAIL needs kappa above tau_fail at one depth in every arm, Holm-corrected over
depths and methods; PASS needs kappa below tau_pass at both depths in every arm, on images whose own maps differ enough
to tell. Absence of evidence never passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.effect import Bounds, Effect, Numbers, decided, effect, fails, mean, to_fail, to_pass
from junco.audit.verdict.grounds import irreproducible, lost, too_many_lost
from junco.audit.verdict.interval import Table, holm
from junco.audit.verdict.reach import all_of, any_of, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Arm, Depth, Verdict
from junco.contract.randomization import Order
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds

DECIDING = (Depth.TOP, Depth.FULL)
"""Depths that decide; the logit layer alone never does."""


@dataclass(frozen=True)
class MethodNumbers:
    """All numbers of one method; ``ceiling`` [images] is 1 without randomness, NaN for a map without ranks.

    ``order`` says what is random at a depth.
    """

    label: str
    ceiling: Table
    depths: Mapping[tuple[Arm, Depth], Numbers]
    order: Order = Order.CASCADING


@dataclass(frozen=True)
class Judgement(Judged):
    """The word on one method, with its effect at every depth in every arm."""

    ceiling: float
    depths: Mapping[tuple[Arm, Depth], Effect]

    @property
    def spared(self) -> bool:
        """Whether it is undecided, and shown to be below what fails at every deciding depth in every arm."""
        deciding = [d for (_, depth), d in self.depths.items() if depth in DECIDING]
        return self.verdict is Verdict.INCONCLUSIVE and all(d.innocent for d in deciding)


def judge(methods: Sequence[MethodNumbers], thresholds: Thresholds) -> tuple[Judgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over their deciding depths."""
    bounds = _bounds(thresholds)
    found = [{key: effect(m.ceiling, n, thresholds, bounds=bounds) for key, n in m.depths.items()} for m in methods]
    adjusted = iter(holm([_claim(depths, depth) for depths in found for depth in DECIDING]))
    claims = len(DECIDING) * len(methods)
    judged = []
    for method, depths in zip(methods, found, strict=True):
        corrected = {depth: next(adjusted) for depth in DECIDING}
        places = {key: decided(d, corrected.get(key[1], 1.0), thresholds) for key, d in depths.items()}
        judged.append(_method(method, places, thresholds, claims=claims))
    return tuple(judged)


def _bounds(t: Thresholds) -> Bounds:
    return Bounds(t.tau_fail, t.tau_pass)


def _claim(depths: Mapping[tuple[Arm, Depth], Effect], depth: Depth) -> float:
    """p of 'this depth fails in every arm': the worst arm's (intersection-union, no correction)."""
    return max(d.p_accused for (_, at), d in depths.items() if at is depth)


def _method(
    method: MethodNumbers, depths: Mapping[tuple[Arm, Depth], Effect], t: Thresholds, *, claims: int
) -> Judgement:
    said, needed = forecast(_verdict(method, depths, t), lambda: _needed(method, depths, t, claims=claims))
    return Judgement(method.label, *said, ceiling=mean(method.ceiling), depths=depths, needed=needed)


def _needed(
    method: MethodNumbers, depths: Mapping[tuple[Arm, Depth], Effect], t: Thresholds, *, claims: int
) -> Sample | None:
    """Data that would show a pass at both depths in every arm, or a fail at one of them in every arm."""
    arms, bounds = {arm for arm, _ in depths}, _bounds(t)
    passing = all_of(to_pass(depths[arm, depth], bounds, t) for arm in arms for depth in DECIDING)
    failing = [all_of(to_fail(depths[arm, depth], bounds, t, claims=claims) for arm in arms) for depth in DECIDING]
    return sample(any_of([passing, *failing]), *next(iter(method.depths.values())).rho.shape)


def _verdict(method: MethodNumbers, depths: Mapping[tuple[Arm, Depth], Effect], t: Thresholds) -> Said:
    rankless = lost(np.isnan(method.ceiling))
    invalid = too_many_lost(rankless, t, which=" on the trained model") or irreproducible(method.ceiling, t)
    if invalid:
        return Verdict.INVALID, invalid
    deciding = {key: d for key, d in depths.items() if key[1] in DECIDING}
    for (arm, depth), d in deciding.items():
        if d.decision is Verdict.INVALID:
            return Verdict.INVALID, f"{d.degenerate:.0%} of its maps are constant or not finite at {depth} ({arm})"
    failed = [depth for depth in DECIDING if all(fails(d, t) for (_, at), d in deciding.items() if at is depth)]
    if failed:
        return Verdict.FAIL, _why_fail(failed[0], deciding, method.order)
    if all(d.decision is Verdict.PASS for d in deciding.values()):
        return Verdict.PASS, _why_pass(deciding)
    return Verdict.INCONCLUSIVE, _why_not(deciding, t)


_PARTS = {
    (Order.CASCADING, Depth.TOP): "the upper half of the layers",
    (Order.CASCADING, Depth.FULL): "every layer",
    (Order.BOTTOM_UP, Depth.TOP): "the lower half of the layers",
    (Order.BOTTOM_UP, Depth.FULL): "every layer",
    (Order.INDEPENDENT, Depth.TOP): "the middle layer alone",
    (Order.INDEPENDENT, Depth.FULL): "the first layer alone",
}


def _why_fail(depth: Depth, depths: Mapping[tuple[Arm, Depth], Effect], order: Order) -> str:
    at = [d for (_, where), d in depths.items() if where is depth]
    part = _PARTS[order, depth]
    values = [d.kappa.mean for d in at if d.kappa]
    if all(d.unchanged for d in at) or not values:
        return f"with {part} randomised the map did not change"
    return f"with {part} randomised the map keeps {min(values):.0%} of its own (kappa {min(values):.2f})"


def _why_pass(depths: Mapping[tuple[Arm, Depth], Effect]) -> str:
    values = [d.kappa.mean for d in depths.values() if d.kappa]
    return f"the map is lost with the parameters (kappa at most {max(values):z.2f})"


def _why_not(depths: Mapping[tuple[Arm, Depth], Effect], t: Thresholds) -> str:
    if any(d.undefined > t.undefined_share or d.alike for d in depths.values()):
        return "its maps of different images are too alike to tell a changed map from an unchanged one"
    worst = max((d.kappa.upper(t.alpha) for d in depths.values() if d.kappa), default=float("nan"))
    return f"the evidence decides neither way (kappa up to {worst:.2f} cannot be excluded)"
