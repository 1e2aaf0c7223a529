"""data_randomization from partials to outcomes: did the networks learn what they should, and what their maps say."""

from collections.abc import Iterator

import numpy as np

from junco.audit.pipeline.case import Case, Found, concludes, families, not_run, told
from junco.audit.pipeline.copies import unlike
from junco.audit.pipeline.lessons import curves, gates
from junco.audit.pipeline.merge import Pieces
from junco.audit.pipeline.numbers import interval, known, mean
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import too_few, vouched
from junco.audit.verdict import LabelJudgement, LabelNumbers, Ratio, Table, judge_labels
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, Preflight
from junco.contract.plan import Plan, ShardKind
from junco.contract.statistics import Interval, LabelStatistics

CHECK = CheckName.DATA_RANDOMIZATION


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the shards of its draws."""
    plan, pieces = case.plan, case.pieces(ShardKind.LABELS)
    problem = next((partial.facts["unlabelled"] for _, partial in pieces if "unlabelled" in partial.facts), None)
    if problem:
        return _untrained(plan, str(problem))
    # Every draw explains the same images.
    checked = (held(pieces), *unlike(pieces[:1], plan.profile), *gates(pieces, plan.profile.thresholds))
    judged, doubts = vouched(_judged(plan, pieces), checked, plan)
    outcomes = {label: _outcome(plan, j, doubts) for label, j in judged.items()}
    about = tuple(_of_run(case.report))
    return Found(outcomes, CheckRun(check=CHECK, preflight=checked, predictions=curves(pieces), caveats=about))


def _untrained(plan: Plan, problem: str) -> Found:
    outcomes = {m.label: not_run(CHECK, m.label, problem) for m in plan.methods_of(CHECK)}
    return Found(outcomes, CheckRun(check=CHECK, preflight=(Preflight(name="labels", holds=False, detail=problem),)))


def _judged(plan: Plan, pieces: Pieces) -> dict[str, LabelJudgement]:
    found = [[numbers(pieces, m.label) for m in family] for family in families(plan, CHECK)]
    return {j.label: j for family in found for j in judge_labels(family, plan.profile.thresholds)}


def numbers(pieces: Pieces, label: str) -> LabelNumbers:
    """All tables [images, draws] of one method."""

    def table(quantity: str) -> Table:
        return np.stack(
            [np.asarray(p.arrays[label, str(s.cells[0].seed), quantity], dtype=np.float64) for s, p in pieces], axis=1
        )

    ceiling, rho, floor, degenerate = (table(name) for name in ("ceiling", "rho", "floor", "degenerate"))
    twinned = all((label, str(s.cells[0].seed), "twin") in p.arrays for s, p in pieces)
    twin, twin_floor = (table("twin"), table("twin_floor")) if twinned else (ceiling, floor)
    return LabelNumbers(label, ceiling, rho, floor, twin, twin_floor, degenerate, twinned)


def _outcome(plan: Plan, judgement: LabelJudgement, doubts: tuple[Caveat, ...]) -> CheckOutcome:
    return told(CHECK, judgement, statistics=_statistics(judgement), caveats=(*_caveats(plan, judgement), *doubts))


def _statistics(j: LabelJudgement) -> LabelStatistics:
    images, seeds = j.numbers.rho.shape
    return LabelStatistics(
        images=images,
        seeds=seeds,
        ceiling=mean(j.numbers.ceiling),
        rho=interval(j.rho),
        floor=mean(j.numbers.floor),
        twin=interval(j.twin),
        twin_floor=mean(j.numbers.twin_floor),
        kappa=_interval(j.kappa),
        identity=known(j.identity),
        p_fail=j.p_fail if j.kappa else None,
        p_fail_holm=j.p_fail_holm if j.kappa else None,
        p_pass=j.p_pass if j.kappa else None,
        degenerate=float(j.numbers.degenerate.mean()),
    )


def _interval(found: Ratio | None) -> Interval:
    return Interval(mean=None) if found is None else Interval(mean=found.mean, lower=found.lower, upper=found.upper)


def _caveats(plan: Plan, judgement: LabelJudgement) -> Iterator[Caveat]:
    if judgement.verdict is Verdict.PASS:
        yield Caveat.NECESSARY_NOT_SUFFICIENT
    if judgement.verdict is not Verdict.INVALID:
        supplied = plan.training and plan.training.supplied
        yield Caveat.ONE_TRAINING if supplied else Caveat.TRAINED_HERE
    yield from too_few(len(plan.selected), plan.profile)


def _of_run(report: ModelReport) -> Iterator[Caveat]:
    if report.coverage.fraction < 1:
        yield Caveat.PARAMETERS_LEFT
