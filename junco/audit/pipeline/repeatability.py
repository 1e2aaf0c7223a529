"""repeatability from partials to outcomes."""

from collections.abc import Iterator

import numpy as np

from junco.audit.pipeline.attacks import median
from junco.audit.pipeline.case import Case, Found, concludes
from junco.audit.pipeline.context import column, controlled, families, grounded
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import interval
from junco.audit.pipeline.probes import held
from junco.audit.verdict import Repeat, RepeatJudgement, RepeatNumbers, Table, judge_repeatability
from junco.contract.catalogue import CheckName, Circumstance, Control, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, RepeatabilityStatistics, RepeatStatistics
from junco.contract.plan import Plan, PlannedMethod, ShardKind

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
    parity, images = held(pieces), sum(len(shard.images) for shard, _ in pieces)
    numbers = [[_numbers(plan, m, pieces) for m in family] for family in families(plan, CHECK)]
    judged = [j for family in numbers for j in judge_repeatability(family, plan.profile.thresholds)]
    sound = {j.label: grounded(j, parity, plan, images=images) for j in judged}
    trusted, doubts = controlled(sound, _EXPECTED) if parity.holds else (sound, ())
    outcomes = {label: _outcome(plan, j, pieces, doubts=doubts) for label, j in trusted.items()}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=(parity,)))


def _numbers(plan: Plan, method: PlannedMethod, pieces: Pieces) -> RepeatNumbers:
    degenerate = column(pieces, (method.label, "original", "degenerate"))
    rho = {c: _table(plan, method.label, c, pieces=pieces) for c in Circumstance}
    return RepeatNumbers(method.label, degenerate, rho)


def _table(plan: Plan, label: str, circumstance: Circumstance, *, pieces: Pieces, quantity: str = "rho") -> Table:
    draws = plan.profile.repeat_draws if circumstance is Circumstance.SEED else 1
    return np.stack([column(pieces, (label, circumstance, str(d), quantity)) for d in range(draws)], axis=1)


def _outcome(plan: Plan, judged: RepeatJudgement, pieces: Pieces, *, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    repeats = {c: _statistics(plan, judged.label, (c, r), pieces=pieces) for c, r in judged.repeats.items()}
    return CheckOutcome(
        check=CHECK,
        verdict=judged.verdict,
        summary=f"{judged.label}: {judged.reason}.",
        statistics=RepeatabilityStatistics(
            images=sum(len(shard.images) for shard, _ in pieces),
            draws=plan.profile.repeat_draws,
            undefined=judged.undefined,
            ceiling=repeats[Circumstance.SEED].rho,
            order=repeats[Circumstance.ORDER].rho,
            threads=repeats[Circumstance.THREADS].rho,
            circumstances=tuple(repeats.values()),
        ),
        caveats=(*_caveats(plan, pieces), *doubts),
    )


def _statistics(plan: Plan, label: str, seen: tuple[Circumstance, Repeat], *, pieces: Pieces) -> RepeatStatistics:
    circumstance, repeat = seen
    difference = _table(plan, label, circumstance, pieces=pieces, quantity="difference")
    return RepeatStatistics(
        circumstance=circumstance,
        rho=interval(repeat.rho),
        difference=median(difference),
        p_fail=repeat.p_fail if repeat.rho else None,
        p_fail_holm=repeat.p_fail_holm if repeat.rho else None,
        p_pass=repeat.p_pass if repeat.rho else None,
        decision=repeat.decision,
    )


def _caveats(plan: Plan, pieces: Pieces) -> Iterator[Caveat]:
    if sum(len(shard.images) for shard, _ in pieces) < plan.profile.images_minimum:
        yield Caveat.TOO_FEW_IMAGES
