"""parameter_randomization from partials to outcomes: preflight, judgement, controls, caveats, curves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from junco.audit.pipeline import caveats, curves
from junco.audit.pipeline import published as papers
from junco.audit.pipeline.case import Case, Found, concludes, families
from junco.audit.pipeline.copies import differing
from junco.audit.pipeline.merge import Merged, Pieces
from junco.audit.pipeline.numbers import median, method_numbers, statistics
from junco.audit.pipeline.probes import held
from junco.audit.pipeline.trust import trusted, vouched
from junco.audit.verdict import DECIDING, Judgement, chance, changed, judge
from junco.contract.catalogue import Arm, CheckName, Depth, Method, Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import Caveat, CheckOutcome, CheckRun, Preflight
from junco.contract.plan import Plan, PlannedMethod, ShardKind
from junco.contract.randomization import ConventionName, Order

CHECK = CheckName.PARAMETER_RANDOMIZATION


@concludes(CHECK)
def conclude(case: Case) -> Found:
    """Judge all methods of the plan from the cells and the display curve."""
    return found(case, case.pieces(ShardKind.CELLS), curve=case.pieces(ShardKind.CURVE))


def found(case: Case, cells: Pieces, *, curve: Pieces) -> Found:
    """Judge all methods from ``cells``, however they were cut up, and draw ``curve``."""
    plan, report, labels = case.plan, case.report, case.labels
    merged, drawn = Merged(plan, cells), Merged(plan, curve)
    checked, evidence = preflight(merged, report, labels), papers.evidence(case, merged, drawn)
    judged, doubts = _believed(_on_their_own(_judged(merged), merged), checked, plan)
    outcomes = {m.label: _outcome(m, judged[m.label], evidence, doubts) for m in plan.methods_of(CHECK)}
    run = CheckRun(
        check=CHECK,
        preflight=checked,
        predictions=curves.predictions(drawn),
        caveats=caveats.of_run(merged, report, labels),
    )
    return Found(outcomes=outcomes, run=run)


def preflight(merged: Merged, report: ModelReport, labels: Sequence[int | None]) -> tuple[Preflight, ...]:
    """What must hold before any statistic means anything."""
    differ = differing(merged.logits(), merged.plan.profile)
    changes = (*_changes(merged), _tensors(merged), _coverage(report))
    return (held(merged.pieces), *differ, *changes, *_chances(merged, labels))


def _changes(merged: Merged) -> list[Preflight]:
    places = [(arm, depth) for arm in merged.plan.arms for depth in _bearing(merged.plan)]
    return [_change(merged, arm, depth) for arm, depth in places]


def _bearing(plan: Plan) -> tuple[Depth, ...]:
    """Depths at which the model must have become another: where layers are drawn alone, every one that decides."""
    return DECIDING if plan.randomization.order is Order.INDEPENDENT else (Depth.FULL,)


def _change(merged: Merged, arm: Arm, depth: Depth) -> Preflight:
    plan, stage = merged.plan, str(merged.plan.depths[depth])
    logits = [merged.logits(arm.value, str(seed), stage) for seed in range(plan.profile.seeds)]
    seen = changed(merged.logits(), logits, limit=plan.profile.thresholds.decorrelation)
    if not seen.finite:
        detail = "outputs of the randomised model are not finite"
    else:
        detail = "logit correlation per seed " + ", ".join(f"{r:+.2f}" for r in seen.correlations)
    return Preflight(name=f"model_changed_{arm}{_at(depth)}", holds=seen.changed and seen.finite, detail=detail)


def _at(depth: Depth) -> str:
    return "" if depth is Depth.FULL else f"_{depth}"


def _tensors(merged: Merged) -> Preflight:
    left = sorted({name for cells in merged.facts("cells") for cell in cells for name in cell["unchanged"]})
    detail = "every targeted tensor differs" if not left else f"unchanged: {', '.join(left[:5])}"
    return Preflight(name="tensors_changed", holds=not left, detail=detail)


def _coverage(report: ModelReport) -> Preflight:
    share = report.coverage.fraction
    return Preflight(name="coverage", holds=share > 0, detail=f"{share:.1%} of parameters are randomised")


def _chances(merged: Merged, labels: Sequence[int | None]) -> list[Preflight]:
    """Accuracy of randomised models against the 99 % limit of the majority class's rate, where all labels are known."""
    truth = np.array([-1 if label is None else label for label in labels])
    if not len(truth) or (truth < 0).any():
        return []
    limit = chance(len(truth), np.unique(truth, return_counts=True)[1].max() / len(truth))
    return [_chance(merged, truth, depth, limit=limit) for depth in _bearing(merged.plan)]


def _chance(merged: Merged, truth: NDArray[np.int64], depth: Depth, *, limit: int) -> Preflight:
    stage = str(merged.plan.depths[depth])
    hits = [
        int((merged.logits(arm.value, str(seed), stage).argmax(1) == truth).sum())
        for arm in merged.plan.arms
        for seed in range(merged.plan.profile.seeds)
    ]
    middle = float(np.median(hits))
    detail = f"randomised models hit {middle:.0f} of {len(truth)} images, chance allows {limit}"
    return Preflight(name=f"accuracy_at_chance{_at(depth)}", holds=middle <= limit, detail=detail)


def _judged(merged: Merged) -> dict[str, Judgement]:
    found = [[method_numbers(merged, m) for m in family] for family in families(merged.plan, CHECK)]
    return {j.label: j for family in found for j in judge(family, merged.plan.profile.thresholds)}


def _believed(
    judged: Mapping[str, Judgement], checked: tuple[Preflight, ...], plan: Plan
) -> tuple[dict[str, Judgement], tuple[Caveat, ...]]:
    """Withdrawn where the job does not bear it; a gradient that is shown not to fail vouches for accusations."""
    gradient = judged.get(Method.GRADIENT)
    return (vouched if gradient is not None and gradient.spared else trusted)(judged, checked, plan)


def _on_their_own(judged: Mapping[str, Judgement], merged: Merged) -> dict[str, Judgement]:
    """Methods whose own preflight found a problem are invalid."""
    problems: dict[str, str] = {}
    for found in merged.facts("preflight"):
        problems |= {label: seen["problems"][0] for label, seen in found.items() if seen["problems"]}
    return {
        label: replace(j, verdict=Verdict.INVALID, reason=problems[label]) if label in problems else j
        for label, j in judged.items()
    }


def _outcome(
    method: PlannedMethod,
    judgement: Judgement,
    evidence: papers.Evidence,
    doubts: tuple[Caveat, ...],
) -> CheckOutcome:
    merged = evidence.cells
    stats = statistics(merged, judgement, completeness=_completeness(merged, method.label))
    more = {"policies": papers.policies(method, evidence), "published": papers.published(method, evidence)}
    stats = stats.model_copy(update=more)
    return CheckOutcome(
        check=CHECK,
        verdict=judgement.verdict,
        summary=f"{method.label}: {judgement.reason}{_by_which_rule(merged.plan)}.",
        needed=judgement.missing,
        statistics=stats,
        curves=curves.of_method(evidence.curve, method.label),
        caveats=(*caveats.of_method(method, judgement, stats, merged), *doubts),
    )


def _by_which_rule(plan: Plan) -> str:
    """Papers have no rule: under their conventions the end of the sentence says whose rule gave the word."""
    how = plan.randomization
    if how.convention is ConventionName.AUDIT:
        return ""
    return f" (by the kappa rule of profile {plan.profile.name}, on networks randomised as by {how.convention})"


def _completeness(merged: Merged, label: str) -> float | None:
    found = [seen.get(label, {}).get("figures", {}).get("completeness") for seen in merged.facts("preflight")]
    return median(np.asarray(found, dtype=np.float64))
