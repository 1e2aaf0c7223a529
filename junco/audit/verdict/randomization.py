"""The verdict of parameter_randomization: numbers in, verdict out (docs/verdicts.md).

kappa_is = (rho_is - F_is) / (R_i - F_is): 1, randomisation changed nothing beyond the method's own noise; 0, the map
is as unrelated as another image's. FAIL needs kappa above tau_fail at one depth in every arm, Holm-corrected over
depths and methods; PASS needs kappa below tau_pass at both depths in every arm. Absence of evidence never passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.interval import Table, TwoWay, holm, two_way
from junco.contract.catalogue import Arm, Depth, Verdict
from junco.contract.profile import Thresholds

DECIDING = (Depth.TOP, Depth.FULL)
"""Depths that decide; the logit layer alone never does."""


@dataclass(frozen=True)
class DepthNumbers:
    """Tables [images, seeds] of one method at one depth in one arm; NaN where a map has no ranks."""

    rho: Table
    floor: Table
    degenerate: Table


@dataclass(frozen=True)
class MethodNumbers:
    """All numbers of one method; ``ceiling`` [images] is 1 without randomness, NaN for a map without ranks."""

    label: str
    ceiling: Table
    depths: Mapping[tuple[Arm, Depth], DepthNumbers]


@dataclass(frozen=True)
class DepthJudgement:
    """One method, arm and depth: intervals, and what they support on their own."""

    rho: TwoWay | None
    kappa: TwoWay | None
    floor: float
    identity: float | None
    p_fail: float
    p_pass: float
    undefined: float
    degenerate: float
    unchanged: bool
    p_fail_holm: float = 1.0
    decision: Verdict = Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class Judgement:
    """The word on one method, and why, as the end of a sentence."""

    label: str
    verdict: Verdict
    reason: str
    ceiling: float
    depths: Mapping[tuple[Arm, Depth], DepthJudgement]


def judge(methods: Sequence[MethodNumbers], thresholds: Thresholds) -> tuple[Judgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over their deciding depths."""
    found = [{key: _depth(m.ceiling, n, thresholds) for key, n in m.depths.items()} for m in methods]
    claims = [_claim(depths, depth) for depths in found for depth in DECIDING]
    adjusted = holm(claims)
    judged = []
    for i, (method, depths) in enumerate(zip(methods, found, strict=True)):
        corrected = dict(zip(DECIDING, adjusted[i * len(DECIDING) :], strict=False))
        judged.append(_method(method, depths, corrected, thresholds))
    return tuple(judged)


def kappa(rho: Table, floor: Table, ceiling: Table, *, support: float) -> Table:
    """(rho - floor) / (ceiling - floor) [n, s]; NaN where ceiling and floor are closer than ``support``."""
    room = ceiling[:, None] - floor
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(room >= support, (rho - floor) / room, np.nan)


def _depth(ceiling: Table, numbers: DepthNumbers, t: Thresholds) -> DepthJudgement:
    table = kappa(numbers.rho, numbers.floor, ceiling, support=t.kappa_support)
    undefined = float(np.isnan(table).mean())
    effect = two_way(table) if undefined <= t.undefined_share else None
    # A method that does not reproduce itself has no map that could have stayed.
    gap = two_way(numbers.rho - ceiling[:, None]) if _mean(ceiling) >= t.ceiling_minimum else None
    identity = gap.lower(t.alpha) if gap else None
    return DepthJudgement(
        rho=two_way(numbers.rho),
        kappa=effect,
        floor=_mean(numbers.floor),
        identity=identity,
        p_fail=effect.p_above(t.tau_fail) if effect else 1.0,
        p_pass=effect.p_below(t.tau_pass) if effect else 1.0,
        undefined=undefined,
        degenerate=float(numbers.degenerate.mean()),
        unchanged=identity is not None and identity > -t.identity_margin,
    )


def _claim(depths: Mapping[tuple[Arm, Depth], DepthJudgement], depth: Depth) -> float:
    """p of 'this depth fails in every arm': the worst arm's (intersection-union, no correction)."""
    return max((0.0 if d.unchanged else d.p_fail) for (_, at), d in depths.items() if at is depth)


def _method(
    method: MethodNumbers,
    depths: Mapping[tuple[Arm, Depth], DepthJudgement],
    corrected: Mapping[Depth, float],
    t: Thresholds,
) -> Judgement:
    decided = {
        key: _decided(d, corrected.get(key[1], 1.0), t, deciding=key[1] in DECIDING) for key, d in depths.items()
    }
    verdict, reason = _verdict(method.ceiling, decided, t)
    return Judgement(label=method.label, verdict=verdict, reason=reason, ceiling=_mean(method.ceiling), depths=decided)


def _decided(d: DepthJudgement, p_holm: float, t: Thresholds, *, deciding: bool) -> DepthJudgement:
    if d.degenerate > t.undefined_share:
        decision = Verdict.INVALID
    elif d.unchanged or d.p_fail <= t.alpha:
        decision = Verdict.FAIL
    elif d.p_pass <= t.alpha:
        decision = Verdict.PASS
    else:
        decision = Verdict.INCONCLUSIVE
    return DepthJudgement(**{**d.__dict__, "p_fail_holm": p_holm if deciding else 1.0, "decision": decision})


def _verdict(ceiling: Table, depths: Mapping[tuple[Arm, Depth], DepthJudgement], t: Thresholds) -> tuple[Verdict, str]:
    rankless = float(np.isnan(ceiling).mean())
    if rankless > t.undefined_share:
        return Verdict.INVALID, f"{rankless:.0%} of its maps on the trained model are constant or not finite"
    if _mean(ceiling) < t.ceiling_minimum:
        return Verdict.INVALID, f"it does not reproduce itself (self-similarity {_mean(ceiling):.2f})"
    deciding = {key: d for key, d in depths.items() if key[1] in DECIDING}
    for (arm, depth), d in deciding.items():
        if d.decision is Verdict.INVALID:
            return Verdict.INVALID, f"{d.degenerate:.0%} of its maps are constant or not finite at {depth} ({arm})"
    failed = [depth for depth in DECIDING if all(_fails(d, t) for (_, at), d in deciding.items() if at is depth)]
    if failed:
        return Verdict.FAIL, _why_fail(failed[0], deciding)
    if all(d.decision is Verdict.PASS for d in deciding.values()):
        return Verdict.PASS, _why_pass(deciding)
    return Verdict.INCONCLUSIVE, _why_not(deciding, t)


def _fails(d: DepthJudgement, t: Thresholds) -> bool:
    return d.unchanged or d.p_fail_holm <= t.alpha


def _why_fail(depth: Depth, depths: Mapping[tuple[Arm, Depth], DepthJudgement]) -> str:
    at = [d for (_, where), d in depths.items() if where is depth]
    part = "every layer" if depth is Depth.FULL else "the upper half of the layers"
    values = [d.kappa.mean for d in at if d.kappa]
    if all(d.unchanged for d in at) or not values:
        return f"with {part} randomised the map did not change"
    return f"with {part} randomised the map keeps {min(values):.0%} of its own (kappa {min(values):.2f})"


def _why_pass(depths: Mapping[tuple[Arm, Depth], DepthJudgement]) -> str:
    values = [d.kappa.mean for d in depths.values() if d.kappa]
    return f"the map is lost with the parameters (kappa at most {max(values):.2f})"


def _why_not(depths: Mapping[tuple[Arm, Depth], DepthJudgement], t: Thresholds) -> str:
    if any(d.undefined > t.undefined_share for d in depths.values()):
        return "its maps of different images are too alike to tell a changed map from an unchanged one"
    worst = max((d.kappa.upper(t.alpha) for d in depths.values() if d.kappa), default=float("nan"))
    return f"the evidence decides neither way (kappa up to {worst:.2f} cannot be excluded)"


def _mean(values: Table) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
