"""class_sensitivity from partials to outcomes: preflight, judgement, controls, caveats."""

from collections.abc import Iterator

import numpy as np

from junco.audit.pipeline.case import Case, Found, concludes
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import interval, known
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import trusted
from junco.audit.verdict import DECIDING_RIVALS, ClassJudgement, ClassNumbers, Effect, Numbers, Table, judge_classes
from junco.contract.catalogue import CheckName, Rival, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, ClassStatistics, RivalStatistics
from junco.contract.plan import Plan, PlannedMethod, ShardKind

CHECK = CheckName.CLASS_SENSITIVITY
SHARED = 0.5
"""kappa of the second class from which its map counts as nearly that of the first."""


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the shards of its image groups."""
    plan, pieces = case.plan, case.pieces(ShardKind.CLASSES)
    checked = (held(pieces),)
    judged, doubts = trusted(_judged(plan, pieces), checked, plan)
    outcomes = {m.label: _outcome(plan, judged[m.label], doubts) for m in plan.methods_of(CHECK)}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _judged(plan: Plan, pieces: Pieces) -> dict[str, ClassJudgement]:
    """Methods and controls apart: a control takes no share of the methods' error rate."""
    planned = plan.methods_of(CHECK)
    asked = [m for m in planned if m.requested and not m.control]
    rest = [m for m in planned if m not in asked]
    families = [[_numbers(plan, m, pieces) for m in family] for family in (asked, rest) if family]
    return {j.label: j for family in families for j in judge_classes(family, plan.profile.thresholds)}


def _numbers(plan: Plan, method: PlannedMethod, pieces: Pieces) -> ClassNumbers:
    count = {Rival.RANDOM: plan.profile.class_draws}
    ceiling = _column(plan, pieces, (method.label, "original", "ceiling"))

    def table(rival: Rival, quantity: str) -> Table:
        draws = range(count.get(rival, 1))
        columns = [_column(plan, pieces, (method.label, rival.value, str(d), quantity)) for d in draws]
        return np.stack(columns, axis=1)

    rivals = {r: Numbers(table(r, "rho"), table(r, "floor"), table(r, "degenerate")) for r in Rival}
    return ClassNumbers(method.label, ceiling, rivals)


def _column(plan: Plan, pieces: Pieces, key: tuple[str, ...]) -> Table:
    out = np.full(len(plan.selected), np.nan)
    for shard, partial in pieces:
        out[list(shard.images)] = partial.arrays[key]
    return out


def _outcome(plan: Plan, judgement: ClassJudgement, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    return CheckOutcome(
        check=CHECK,
        verdict=judgement.verdict,
        summary=f"{judgement.label}: {judgement.reason}.",
        statistics=ClassStatistics(
            ceiling=known(judgement.ceiling),
            rivals=tuple(_statistics(plan, rival, e) for rival, e in judgement.rivals.items()),
        ),
        caveats=(*_caveats(plan, judgement), *doubts),
    )


def _statistics(plan: Plan, rival: Rival, e: Effect) -> RivalStatistics:
    return RivalStatistics(
        rival=rival,
        images=len(plan.selected),
        draws=plan.profile.class_draws if rival is Rival.RANDOM else 1,
        rho=interval(e.rho),
        floor=known(e.floor),
        kappa=interval(e.kappa),
        identity=e.identity,
        p_fail=e.p_fail if e.kappa else None,
        p_fail_holm=e.p_fail_holm if e.kappa and rival in DECIDING_RIVALS else None,
        p_pass=e.p_pass if e.kappa else None,
        undefined=e.undefined,
        degenerate=e.degenerate,
        decision=e.decision,
    )


def _caveats(plan: Plan, judgement: ClassJudgement) -> Iterator[Caveat]:
    second = judgement.rivals[Rival.SECOND]
    if judgement.verdict is Verdict.PASS:
        yield Caveat.NECESSARY_NOT_SUFFICIENT
    if judgement.verdict is not Verdict.FAIL and second.kappa and second.kappa.mean > SHARED:
        yield Caveat.SHARED_EVIDENCE
    if len(plan.selected) < plan.profile.images_minimum:
        yield Caveat.TOO_FEW_IMAGES
