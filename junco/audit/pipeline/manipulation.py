"""input_manipulation from partials to outcomes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from junco.audit.pipeline.attacks import columns, median, not_run, wilson
from junco.audit.pipeline.case import Case, Found, concludes
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import mean
from junco.audit.pipeline.probes import held
from junco.audit.verdict import ManipulationJudgement, Share, Table, judge_manipulation, manipulated, share
from junco.contract.attacking import attackable, budget
from junco.contract.catalogue import CheckName, Defence, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, ManipulationStatistics, Preflight
from junco.contract.plan import Plan, PlannedMethod, ShardKind

CHECK = CheckName.INPUT_MANIPULATION

Measured = Mapping[str, Table]


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge every attacked method by itself: each has an attack of its own."""
    pieces = case.pieces(ShardKind.MANIPULATION)
    outcomes = not_run(case, CHECK, ShardKind.MANIPULATION)
    preflight = held(pieces)
    for method in attackable(case.plan, CHECK):
        if method.label not in outcomes:
            outcomes[method.label] = _outcome(case.plan, method, pieces, preflight)
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=(preflight,) if pieces else ()))


def _outcome(plan: Plan, method: PlannedMethod, pieces: Pieces, parity: Preflight) -> CheckOutcome:
    plain = columns(pieces, method.label, "plain")
    t = plan.profile.thresholds
    judged = _grounded(judge_manipulation(method.label, plain, t), parity)
    smoothed = {d: columns(pieces, method.label, d.value) for d in Defence}
    shares = {d: share(manipulated(found, t)) if found else None for d, found in smoothed.items()}
    figures: dict[str, Any] = {name: median(plain[name]) for name in _MEDIANS}
    return CheckOutcome(
        check=CHECK,
        verdict=judged.verdict,
        summary=f"{method.label}: {judged.reason}.",
        statistics=ManipulationStatistics(
            images=judged.success.trials,
            undefined=judged.undefined,
            steps=budget(method, plan.profile).steps,
            success=wilson(judged.success, t.alpha),
            same_class=mean(plain["same"]),
            beta_success=wilson(shares[Defence.BETA], t.alpha),
            beta_after=median(smoothed[Defence.BETA].get("after")),
            beta_kept=median(smoothed[Defence.BETA].get("unaware")),
            smoothgrad_success=wilson(shares[Defence.SMOOTHGRAD], t.alpha),
            smoothgrad_after=median(smoothed[Defence.SMOOTHGRAD].get("after")),
            **figures,
        ),
        caveats=tuple(_caveats(judged, shares[Defence.BETA])),
    )


_MEDIANS = ("output", "image_ssim", "before", "after", "kept", "map_ssim", "followed")


def _grounded(judged: ManipulationJudgement, parity: Preflight) -> ManipulationJudgement:
    if parity.holds:
        return judged
    reason = f"the preflight '{parity.name}' does not hold: {parity.detail}"
    return replace(judged, verdict=Verdict.INVALID, reason=reason)


def _caveats(judged: ManipulationJudgement, smoothed: Share | None) -> Iterator[Caveat]:
    if judged.verdict is Verdict.PASS:
        yield Caveat.ONE_ATTACK
    if judged.verdict is Verdict.FAIL and smoothed and smoothed.trials and smoothed.rate < judged.success.rate / 2:
        yield Caveat.UNDEFENDED
