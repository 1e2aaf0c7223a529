"""The product's own path from bytes to an outcome, step by step, for tests that look or reach in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from junco.audit import images as pictures
from junco.audit.partial import Partial
from junco.audit.pipeline.finalise import conclude, provenance
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.shards import run
from junco.contract.base import digest_of
from junco.contract.catalogue import Arm, CheckName, Depth
from junco.contract.images import ImageFile, ImageSet
from junco.contract.model import ModelReport
from junco.contract.outcome import CheckOutcome, CheckRun, MethodOutcome, Outcome
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.statistics import DepthStatistics, RandomizationStatistics, ShiftStatistics
from tests.truth.digits import SHAPE, Digits

Labels = Sequence[int | None]


@dataclass(frozen=True)
class Job:
    """A measured plan."""

    plan: Plan
    report: ModelReport
    partials: Mapping[int, Partial]
    labels: Labels
    model: bytes
    files: Files

    def outcome(self, **changed: Any) -> Outcome:
        """The conclusion, with some of its grounds replaced."""
        job = replace(self, **changed)
        names = [str(i) for i in job.plan.selected]
        how = provenance(device="cpu", threads=1, sandbox="none")
        return conclude(job.plan, job.report, job.partials, labels=job.labels, names=names, provenance=how)


def files_of(data: Digits, *, labels: bool = True) -> Files:
    """Digits as an upload."""
    archive = data.npz(labels=labels)
    count = len(data.pixels)
    file = ImageFile(name="digits.npz", blob=digest_of(archive), media_type="application/x-npz", count=count)
    return [(file, archive)]


def asked(model: bytes, files: Files, methods: Sequence[Any], **fields: Any) -> PlanRequest:
    """A request for these files."""
    images = ImageSet.of(tuple(file for file, _ in files))
    given = {"model": digest_of(model), "images": images.id, "methods": tuple(methods), **fields}
    return PlanRequest.model_validate(given)


def measured(model: bytes, data: Digits, methods: Sequence[Any], *, labels: bool = True, **fields: Any) -> Job:
    """inspect, resolve, and run every shard."""
    files = files_of(data, labels=labels)
    request = asked(model, files, methods, **fields)
    report = inspect(model, input_shape=SHAPE)
    plan = resolve(request, report, ImageSet.of(tuple(file for file, _ in files)))
    partials = {shard.index: run(shard, plan, model, files) for shard in shards(plan)}
    shots = pictures.load(files, plan.preprocessing, selected=plan.selected)
    return Job(plan, report, partials, shots.labels, model, files)


def method(outcome: Outcome, label: str) -> MethodOutcome:
    """One method or control."""
    return next(m for m in (*outcome.methods, *outcome.controls) if m.label == label)


def check(outcome: Outcome, label: str, name: CheckName = CheckName.PARAMETER_RANDOMIZATION) -> CheckOutcome:
    """One check of one method."""
    return next(c for c in method(outcome, label).checks if c.check is name)


def randomization(outcome: Outcome, label: str) -> RandomizationStatistics:
    """What parameter_randomization measured of one method."""
    found = check(outcome, label).statistics
    assert isinstance(found, RandomizationStatistics)
    return found


def shift(outcome: Outcome, label: str) -> ShiftStatistics:
    """What input_shift measured of one method."""
    found = check(outcome, label, CheckName.INPUT_SHIFT).statistics
    assert isinstance(found, ShiftStatistics)
    return found


def depth(outcome: Outcome, label: str, arm: Arm, at: Depth) -> DepthStatistics:
    """One arm and depth of one method."""
    return next(d for d in randomization(outcome, label).depths if d.arm is arm and d.depth is at)


def kappa(outcome: Outcome, label: str, arm: Arm, at: Depth) -> float:
    """Mean kappa, which must be defined."""
    found = depth(outcome, label, arm, at).kappa.mean
    assert found is not None
    return found


def check_run(outcome: Outcome, name: CheckName = CheckName.PARAMETER_RANDOMIZATION) -> CheckRun:
    """What a check found of the model."""
    return next(r for r in outcome.checks if r.check is name)


def preflight(outcome: Outcome, name: CheckName = CheckName.PARAMETER_RANDOMIZATION) -> dict[str, bool]:
    """What held, by name."""
    return {p.name: p.holds for p in check_run(outcome, name).preflight}
