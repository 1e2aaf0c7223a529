"""input_manipulation from partials to outcomes."""

from collections.abc import Iterator, Mapping
from typing import Any

from junco.audit.pipeline.attacks import not_attacked, wilson
from junco.audit.pipeline.case import Case, Found, concludes, told
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.merge import Pieces, columns
from junco.audit.pipeline.numbers import mean, median
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import withdrawn
from junco.audit.verdict import ManipulationJudgement, Share, Table, judge_manipulation, manipulated, share
from junco.contract.attacking import attackable, budget
from junco.contract.catalogue import CheckName, Defence, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, PlannedMethod, ShardKind
from junco.contract.statistics import ManipulationStatistics

CHECK = CheckName.INPUT_MANIPULATION

Measured = Mapping[str, Table]


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all attacked methods together; each has an attack of its own."""
    pieces, plan = case.pieces(ShardKind.MANIPULATION), case.plan
    outcomes = not_attacked(case, CHECK, ShardKind.MANIPULATION)
    checked = (held(pieces), *unlike(pieces, plan.profile)) if pieces else ()
    attacked = {m.label: m for m in attackable(plan, CHECK) if m.label not in outcomes}
    plain = {label: columns(pieces, label, "plain") for label in attacked}
    for judged in judge_manipulation(plain, plan.profile.thresholds):
        outcomes[judged.label] = _outcome(plan, attacked[judged.label], pieces, withdrawn(judged, *checked))
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _outcome(plan: Plan, method: PlannedMethod, pieces: Pieces, judged: ManipulationJudgement) -> CheckOutcome:
    plain, t = columns(pieces, method.label, "plain"), plan.profile.thresholds
    smoothed = {d: columns(pieces, method.label, d.value) for d in Defence}
    shares = {d: share(manipulated(found, t)) if found else None for d, found in smoothed.items()}
    figures: dict[str, Any] = {name: median(plain[name]) for name in _MEDIANS}
    return told(
        CHECK,
        judged,
        statistics=ManipulationStatistics(
            images=judged.success.trials,
            undefined=judged.undefined,
            steps=budget(method, plan.profile).steps,
            success=wilson(judged.success),
            p_fail=judged.p_fail if judged.success.trials else None,
            p_fail_holm=judged.p_fail_holm if judged.success.trials else None,
            same_class=mean(plain["same"]),
            beta_success=wilson(shares[Defence.BETA]),
            beta_after=median(smoothed[Defence.BETA].get("after")),
            beta_kept=median(smoothed[Defence.BETA].get("unaware")),
            smoothgrad_success=wilson(shares[Defence.SMOOTHGRAD]),
            smoothgrad_after=median(smoothed[Defence.SMOOTHGRAD].get("after")),
            **figures,
        ),
        caveats=_caveats(judged, shares[Defence.BETA]),
    )


_MEDIANS = ("output", "image_ssim", "before", "after", "kept", "map_ssim", "followed")


def _caveats(judged: ManipulationJudgement, smoothed: Share | None) -> Iterator[Caveat]:
    if judged.verdict is Verdict.PASS:
        yield Caveat.ONE_ATTACK
    if judged.verdict is Verdict.FAIL and smoothed and smoothed.trials and smoothed.rate < judged.success.rate / 2:
        yield Caveat.UNDEFENDED
