"""repeatability from partials to outcomes."""

import numpy as np

from junco.audit.pipeline.case import Case, Found, concludes, families, told
from junco.audit.pipeline.context import believed
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.merge import Pieces, column, count
from junco.audit.pipeline.numbers import interval, median
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import too_few
from junco.audit.verdict import Claim, RepeatJudgement, RepeatNumbers, Table, judge_repeatability
from junco.contract.catalogue import CheckName, Circumstance, Control, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, PlannedMethod, ShardKind
from junco.contract.statistics import RepeatabilityStatistics, RepeatStatistics

CHECK = CheckName.REPEATABILITY

_EXPECTED = {
    # Below the profile's number of images any word is withdrawn.
    Control.GAUSSIAN_NOISE: (Verdict.FAIL, Verdict.INCONCLUSIVE),
    Control.CONSTANT: (Verdict.INVALID,),
}


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan together."""
    plan, pieces = case.plan, case.pieces(ShardKind.REPEATS)
    checked, judged = (held(pieces), *unlike(pieces, plan.profile)), _judged(plan, pieces)
    sound, doubts = believed(judged, checked, plan.profile, images=count(pieces), expected=_EXPECTED)
    outcomes = {label: _outcome(plan, j, pieces, doubts=doubts) for label, j in sound.items()}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _judged(plan: Plan, pieces: Pieces) -> dict[str, RepeatJudgement]:
    found = [[_numbers(plan, m, pieces) for m in family] for family in families(plan, CHECK)]
    return {j.label: j for family in found for j in judge_repeatability(family, plan.profile.thresholds)}


def _numbers(plan: Plan, method: PlannedMethod, pieces: Pieces) -> RepeatNumbers:
    degenerate = column(pieces, (method.label, "original", "degenerate"))
    rho = {c: _table(plan, method.label, c, pieces=pieces) for c in Circumstance}
    return RepeatNumbers(method.label, degenerate, rho)


def _table(plan: Plan, label: str, circumstance: Circumstance, *, pieces: Pieces, quantity: str = "rho") -> Table:
    draws = plan.profile.repeat_draws if circumstance is Circumstance.SEED else 1
    return np.stack([column(pieces, (label, circumstance, str(d), quantity)) for d in range(draws)], axis=1)


def _outcome(plan: Plan, judged: RepeatJudgement, pieces: Pieces, *, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    repeats = {c: _statistics(plan, judged.label, (c, r), pieces=pieces) for c, r in judged.repeats.items()}
    return told(
        CHECK,
        judged,
        statistics=RepeatabilityStatistics(
            images=count(pieces),
            draws=plan.profile.repeat_draws,
            undefined=judged.undefined,
            ceiling=repeats[Circumstance.SEED].rho,
            order=repeats[Circumstance.ORDER].rho,
            threads=repeats[Circumstance.THREADS].rho,
            circumstances=tuple(repeats.values()),
        ),
        caveats=(*too_few(count(pieces), plan.profile), *doubts),
    )


def _statistics(plan: Plan, label: str, seen: tuple[Circumstance, Claim], *, pieces: Pieces) -> RepeatStatistics:
    circumstance, repeat = seen
    difference = _table(plan, label, circumstance, pieces=pieces, quantity="difference")
    return RepeatStatistics(
        circumstance=circumstance,
        rho=interval(repeat.mean),
        difference=median(difference),
        p_fail=repeat.p_fail if repeat.mean else None,
        p_fail_holm=repeat.p_fail_holm if repeat.mean else None,
        p_pass=repeat.p_pass if repeat.mean else None,
        decision=repeat.decision,
    )
