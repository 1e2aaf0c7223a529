"""finalise(partials) -> outcome: merge, judge, and say it in sentences."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from junco.audit.pipeline.case import Case, Found, Partials, not_run
from junco.audit.pipeline.conclusions import CONCLUSIONS
from junco.audit.pipeline.merge import Merged
from junco.audit.verdict import of_method, overall
from junco.contract.catalogue import CHECKS, CheckName, Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import (
    Caveat,
    CheckOutcome,
    ImagesSummary,
    MethodOutcome,
    ModelSummary,
    Outcome,
    Provenance,
)
from junco.contract.plan import Plan, PlannedMethod
from junco.contract.sharding import shards as shards_of


def conclude(
    plan: Plan,
    report: ModelReport,
    partials: Partials,
    *,
    labels: Sequence[int | None],
    names: Sequence[str],
    provenance: Provenance,
) -> Outcome:
    """The outcome of ``plan``: a function of its partials by shard index, not of how they came about."""
    case = Case(plan, report, partials, labels)
    found = {check: CONCLUSIONS[check](case) for check in plan.checks if plan.methods_of(check)}
    methods = [_method(plan, m, found) for m in plan.methods]
    asked = tuple(o for o, m in zip(methods, plan.methods, strict=True) if m.requested and not m.control)
    rest = tuple(o for o in methods if o not in asked)
    judged = asked or rest
    verdict = overall([o.verdict for o in judged])
    return Outcome(
        verdict=verdict,
        summary=_summary(verdict, judged),
        methods=asked,
        controls=rest,
        checks=tuple(f.run for f in found.values()),
        model=_model(report),
        images=_images(plan, partials, labels, names),
        plan=plan,
        caveats=_caveats(found),
        provenance=provenance.model_copy(update={"passes": _passes(plan)}),
    )


def _passes(plan: Plan) -> dict[str, int]:
    """Images explained on trained and randomised models, by kind of shard."""
    found: dict[str, int] = {}
    for shard in shards_of(plan):
        found[shard.kind.value] = found.get(shard.kind.value, 0) + shard.cost
    return found


def _method(plan: Plan, method: PlannedMethod, found: Mapping[CheckName, Found]) -> MethodOutcome:
    checks = tuple(_check(plan, method, check, found) for check in plan.checks if check in method.checks)
    deciding = _deciding(checks)
    verdict = of_method({c.check: c.verdict for c in deciding}, plan.profile.required)
    card = method.card
    return MethodOutcome(
        method=method.method,
        label=method.label,
        parameters=method.parameters,
        view=card.view,
        verdict=verdict,
        summary=_reason(verdict, deciding),
        checks=checks,
        expected=card.expected,
    )


def _deciding(checks: tuple[CheckOutcome, ...]) -> tuple[CheckOutcome, ...]:
    """Those checks that have a part in the method's word: all but context, which speaks where nothing else does."""
    return tuple(c for c in checks if not CHECKS[c.check].context) or checks


def _check(plan: Plan, method: PlannedMethod, check: CheckName, found: Mapping[CheckName, Found]) -> CheckOutcome:
    if method.unavailable is not None:
        return not_run(check, method.label, method.unavailable.rstrip("."))
    if check in plan.skipped:
        return not_run(check, method.label, plan.skipped[check])
    return found[check].outcomes[method.label]


def _reason(verdict: Verdict, checks: Sequence[CheckOutcome]) -> str:
    """The sentence of the first check that gives the method its word."""
    return next(
        (c.summary for c in checks if c.verdict is verdict), checks[0].summary if checks else "No check was run."
    )


def _summary(verdict: Verdict, methods: Sequence[MethodOutcome]) -> str:
    words = {word: [m.label for m in methods if m.verdict is word] for word in Verdict}
    parts = [f"{', '.join(labels)} {_PHRASES[word]}" for word, labels in words.items() if labels]
    return f"{verdict.value}: " + "; ".join(parts) + "."


_PHRASES = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "could not be decided",
    Verdict.INVALID: "could not be judged",
    Verdict.NOT_RUN: "not run",
}


def _caveats(found: Mapping[CheckName, Found]) -> tuple[Caveat, ...]:
    return tuple(dict.fromkeys(caveat for f in found.values() for caveat in f.run.caveats))


def _model(report: ModelReport) -> ModelSummary:
    return ModelSummary(
        id=report.id,
        format=report.format,
        parameters=report.parameters,
        parity=report.parity,
        coverage=report.coverage,
        layers=report.layers,
        executor=report.executor,
        warnings=report.warnings,
    )


def _images(plan: Plan, partials: Partials, labels: Sequence[int | None], names: Sequence[str]) -> ImagesSummary:
    logits = Merged(plan, [(shard, partials[shard.index]) for shard in shards_of(plan)]).logits()
    predictions = tuple(int(c) for c in logits.argmax(1)) if logits.size else ()
    known = [(p, t) for p, t in zip(predictions, labels, strict=False) if t is not None]
    return ImagesSummary(
        id=plan.images,
        count=len(plan.selected),
        classes=len(set(predictions)),
        predictions=predictions,
        names=tuple(names),
        labels=tuple(labels),
        accuracy=float(np.mean([p == t for p, t in known])) if known else None,
    )


def provenance(*, device: str, threads: int, sandbox: str) -> Provenance:
    """Versions and machine."""
    packages = ("junco", "torch", "captum", "numpy", "scipy", "pillow")
    versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
    return Provenance(versions=versions, device=device, threads=threads, sandbox=sandbox)
