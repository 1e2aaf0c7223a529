"""Whole jobs of the product in this process, shard by shard: what a stopped run had measured is not measured again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.replicate.work import OUT, Found, save
from junco.audit import images as pictures
from junco.audit.partial import Partial
from junco.audit.pipeline.codec import decode, encode
from junco.audit.pipeline.finalise import conclude, provenance
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.shards import run
from junco.client.images import gathered, image_set
from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName
from junco.contract.model import ModelReport
from junco.contract.outcome import CheckOutcome, MethodOutcome, Outcome
from junco.contract.plan import Plan, Shard
from junco.contract.request import PlanRequest
from junco.contract.resolve import resolve
from junco.contract.sharding import cut_of, shards


def _as_it_is(plan: Plan) -> Plan:
    return plan


@dataclass(frozen=True)
class Job:
    """A model, its images and what is asked of them, under a name with which its files' folder begins."""

    name: str
    model: Path
    images: Sequence[Path]
    shape: tuple[int, int, int]
    methods: Sequence[object]
    asked: Mapping[str, Any] = field(default_factory=dict)
    adapt: Callable[[Plan], Plan] = _as_it_is
    """A plan that no request can name: more images and seeds than any profile has."""

    @cached_property
    def report(self) -> ModelReport:
        """What the model is."""
        return inspect(self.model.read_bytes(), input_shape=self.shape)

    @cached_property
    def files(self) -> Files:
        """The images as a worker gets them."""
        with gathered(list(self.images)) as found:
            listed = image_set(found)
            return [(file, one.path.read_bytes()) for file, one in zip(listed.files, found, strict=True)]

    @cached_property
    def plan(self) -> Plan:
        """The request, resolved."""
        with gathered(list(self.images)) as found:
            images = image_set(found)
        given = {"model": digest_of(self.model.read_bytes()), "images": images.id, "methods": tuple(self.methods)}
        return self.adapt(resolve(PlanRequest.model_validate(given | dict(self.asked)), self.report, images))

    def partials(self) -> dict[int, Partial]:
        """What every shard measured."""
        return {shard.index: self._partial(shard) for shard in shards(self.plan)}

    @cached_property
    def folder(self) -> Path:
        """Where its partials lie: another plan, model or set of images, or another cut, is measured anew elsewhere."""
        # Fields at their defaults say nothing: a version that adds one has not changed the plan.
        text = self.plan.model_dump_json(exclude={"timeout_seconds"}, exclude_defaults=True)
        digest = digest_of((text + cut_of(shards(self.plan))).encode()).removeprefix("sha256:")
        return OUT / "jobs" / f"{self.name}-{digest[:12]}"

    def _partial(self, shard: Shard) -> Partial:
        path = self.folder / f"{shard.index}.safetensors"
        if not path.exists():
            print(f"  {self.name}: {shard.kind.value} {shard.index}, {shard.cost} passes", flush=True)
            save(path, encode(run(shard, self.plan, self.model.read_bytes(), self.files)))
        return decode(path.read_bytes())

    def outcome(self) -> Outcome:
        """The conclusion, as the product draws it."""
        partials = self.partials()
        shots = pictures.load(self.files, self.plan.preprocessing, selected=self.plan.selected)
        how = provenance(device="cpu", threads=1, sandbox="none: in process")
        return conclude(self.plan, self.report, partials, labels=shots.labels, names=shots.names, provenance=how)


def method(outcome: Outcome, label: str) -> MethodOutcome:
    """One method or control."""
    return next(m for m in (*outcome.methods, *outcome.controls) if m.label == label)


def check(found: MethodOutcome, name: CheckName) -> CheckOutcome | None:
    """One check of it, if it was asked for."""
    return next((c for c in found.checks if c.check is name), None)


def by_check(found: MethodOutcome, numbers: Callable[[object], Found]) -> Found:
    """Each check's word on one method, with ``numbers`` of its statistics."""
    return {
        one.check.value: {
            "verdict": one.verdict.value,
            "summary": one.summary,
            "caveats": [caveat.value for caveat in one.caveats],
        }
        | numbers(one.statistics)
        for one in found.checks
    }
