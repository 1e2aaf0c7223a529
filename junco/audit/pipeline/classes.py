"""class_sensitivity from partials to outcomes: preflight, judgement, controls, caveats."""

from collections.abc import Iterator

import numpy as np

from junco.audit.pipeline.case import Case, Found, concludes, families, told
from junco.audit.pipeline.convergence import converged, layers_of
from junco.audit.pipeline.copies import differing
from junco.audit.pipeline.merge import Pieces, column, measured
from junco.audit.pipeline.numbers import interval, known
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import too_few, vouched
from junco.audit.verdict import ACCUSING_RIVAL, ClassJudgement, ClassNumbers, Effect, Numbers, Table, judge_classes
from junco.contract.catalogue import CheckName, Rival, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import ClassStatistics, RivalStatistics

CHECK = CheckName.CLASS_SENSITIVITY
SHARED = 0.5
"""kappa of the second class from which its map counts as nearly that of the first."""


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the shards of its image groups."""
    plan, pieces = case.plan, case.pieces(ShardKind.CLASSES)
    checked = (held(pieces), *differing(column(pieces, ("logits", "original")), plan.profile))
    judged, doubts = vouched(_judged(plan, pieces), checked, plan)
    outcomes = {label: _outcome(case, j, doubts) for label, j in judged.items()}
    return Found(outcomes=outcomes, run=CheckRun(check=CHECK, preflight=checked))


def _judged(plan: Plan, pieces: Pieces) -> dict[str, ClassJudgement]:
    found = [[_numbers(plan, m.label, pieces) for m in family] for family in families(plan, CHECK)]
    return {j.label: j for family in found for j in judge_classes(family, plan.profile.thresholds)}


def _numbers(plan: Plan, label: str, pieces: Pieces) -> ClassNumbers:
    def table(rival: Rival, quantity: str) -> Table:
        draws = range(_draws(plan, rival))
        return np.stack([column(pieces, (label, rival.value, str(d), quantity)) for d in draws], axis=1)

    # A partial that was stored before likeness was measured has none.
    likeness = measured(pieces, (label, "original", "likeness"))
    rivals = {r: Numbers(table(r, "rho"), table(r, "floor"), table(r, "degenerate"), likeness) for r in Rival}
    return ClassNumbers(label, column(pieces, (label, "original", "ceiling")), rivals)


def _draws(plan: Plan, rival: Rival) -> int:
    return plan.profile.class_draws if rival is Rival.RANDOM else 1


def _outcome(case: Case, judgement: ClassJudgement, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    plan, carried = case.plan, case.pieces(ShardKind.CONVERGENCE)
    layers = layers_of(carried, judgement.label)
    converges = (Caveat.CONVERGES,) if converged(layers) else ()
    statistics = ClassStatistics(
        ceiling=known(judgement.ceiling),
        convergence=layers[-1].median if layers else None,
        convergence_by_chance=layers[-1].expected if layers else None,
        rivals=tuple(_statistics(plan, rival, e) for rival, e in judgement.rivals.items()),
        layers=layers,
    )
    return told(CHECK, judgement, statistics=statistics, caveats=(*_caveats(plan, judgement), *converges, *doubts))


def _statistics(plan: Plan, rival: Rival, e: Effect) -> RivalStatistics:
    return RivalStatistics(
        rival=rival,
        images=len(plan.selected),
        draws=_draws(plan, rival),
        rho=interval(e.rho),
        floor=known(e.floor),
        kappa=interval(e.kappa),
        identity=e.identity,
        p_fail=e.p_fail if e.kappa else None,
        p_fail_holm=e.p_fail_holm if e.kappa and rival is ACCUSING_RIVAL else None,
        p_pass=e.p_pass if e.kappa else None,
        likeness=known(e.likeness),
        p_survived=e.survival.p if e.survival else None,
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
    yield from too_few(len(plan.selected), plan.profile)
