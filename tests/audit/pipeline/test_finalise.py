"""The whole way in tasks, as a worker goes it, and in process, as a laptop does: one outcome."""

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from junco.audit.engine import LocalEngine, execute
from junco.contract.base import digest_of
from junco.contract.catalogue import Verdict
from junco.contract.errors import Internal
from junco.contract.images import ImageSet
from junco.contract.job import Progress, WorkKind
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.wire import Advanced, Event, Task
from tests.audit.pipeline.conftest import METHODS
from tests.truth import digits, product
from tests.truth.product import Job


def by_tasks(job: Job, folder: Path) -> tuple[Outcome, list[Event], tuple[str, ...]]:
    """INSPECT, every SHARD, FINALISE, with nothing but files between them."""
    (file, data), events = job.files[0], list[Event]()
    (folder / "model").write_bytes(job.model)
    (folder / "images").write_bytes(data)
    common = {
        "model": digest_of(job.model), "model_path": str(folder / "model"), "images": ImageSet.of((file,)),
        "image_paths": (str(folder / "images"),), "input_shape": digits.SHAPE,
    }  # fmt: skip

    def done(kind: WorkKind, name: str, **fields: object) -> tuple[str, ...]:
        task = Task.model_validate({**common, "kind": kind, "out": str(folder / name), **fields})
        return execute(Task.model_validate_json(task.model_dump_json()), events.append)

    done(WorkKind.INSPECT, "inspect")
    report = ModelReport.model_validate_json((folder / "inspect" / "report.json").read_bytes())
    request = product.asked(job.model, job.files, METHODS, profile="quick")
    plan = resolve(request, report, ImageSet.of((file,)))
    for shard in reversed(shards(plan)):
        done(WorkKind.SHARD, f"shard{shard.index}", plan=plan, shard=shard)
    paths = tuple(str(folder / f"shard{shard.index}" / "partial.safetensors") for shard in shards(plan))
    files = done(WorkKind.FINALISE, "final", plan=plan, report=report, partial_paths=paths)
    return Outcome.model_validate_json((folder / "final" / "outcome.json").read_bytes()), events, files


@dataclass(frozen=True)
class Tasks:
    """What a worker's tasks left behind."""

    outcome: Outcome
    events: list[Event]
    files: tuple[str, ...]
    folder: Path


@pytest.fixture(scope="module")
def tasks(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Tasks:
    """The whole job as tasks."""
    folder = tmp_path_factory.mktemp("tasks")
    return Tasks(*by_tasks(job, folder), folder)


def test_tasks_and_one_process_come_to_one_outcome(job: Job, tasks: Tasks, tmp_path: Path) -> None:
    """All but the provenance is equal to the last bit; every file that the outcome names is there."""
    ticks: list[Progress] = []
    distributed, request = tasks.outcome, product.asked(job.model, job.files, METHODS, profile="quick")
    local = LocalEngine(threads=1).check(
        tasks.folder / "model", ImageSet.of((job.files[0][0],)), [tasks.folder / "images"], request,
        out=tmp_path / "local", on_progress=ticks.append,
    )  # fmt: skip
    assert distributed.model_dump_json(exclude={"provenance"}) == local.model_dump_json(exclude={"provenance"})
    assert set(tasks.files) == {*distributed.artifacts, "outcome.json"}
    for name in distributed.artifacts:
        data = (tmp_path / "local" / name).read_bytes()
        if name != "report.html":  # the report tells its provenance
            assert data == (tasks.folder / "final" / name).read_bytes()
        if name.endswith(".png"):
            Image.open(io.BytesIO(data)).verify()
    assert "report.html" in distributed.artifacts
    percents = [t.percent for t in ticks if t.total]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0


def test_every_shard_tells_its_whole_cost(job: Job, tasks: Tasks) -> None:
    """A progress bar that ends at its total."""
    completed = [e.completed for e in tasks.events if isinstance(e, Advanced)]
    costs = {s.cost for s in shards(job.plan)}
    assert costs <= set(completed)
    assert max(completed) == max(costs)


def test_a_task_without_its_parts_is_an_internal_error(tmp_path: Path) -> None:
    """A worker's bug has a name."""
    task = Task(kind=WorkKind.SHARD, model=digest_of(b""), model_path="nowhere", out=str(tmp_path))
    with pytest.raises(Internal, match="lacks"):
        execute(task, lambda _: None)


def test_methods_and_controls_are_told_apart(job: Job) -> None:
    """What was asked for stands under methods, in its order; the rest under controls; the word is the methods'."""
    outcome = job.outcome()
    assert [m.label for m in outcome.methods] == ["gradient", "guided_backprop", "grad_cam", "smoothgrad(samples=3)"]
    assert [m.label for m in outcome.controls] == ["edge_detector", "gaussian_noise", "constant"]
    assert outcome.verdict is not Verdict.FAIL or Verdict.FAIL in [m.verdict for m in outcome.methods]
    assert all(m.summary.endswith(".") and len(m.summary) > 20 for m in outcome.methods)


def test_a_method_without_a_rule_is_not_run_and_says_why(job: Job) -> None:
    """Its checks are not run, its verdict too, and the others are judged as before."""
    reason = "GELU has no guided rule"
    methods = [
        m.model_copy(update={"unavailable": reason}) if m.label == "guided_backprop" else m for m in job.plan.methods
    ]
    outcome = job.outcome(plan=job.plan.model_copy(update={"methods": tuple(methods)}))
    found = product.method(outcome, "guided_backprop")
    assert {c.verdict for c in found.checks} == {Verdict.NOT_RUN}
    assert found.verdict is Verdict.NOT_RUN
    assert reason in found.summary
    assert product.method(outcome, "gradient").verdict is product.method(job.outcome(), "gradient").verdict


def test_the_outcome_knows_its_images(job: Job) -> None:
    """Predictions in plan order, classes among them, accuracy where labels are known."""
    predictions = list(job.outcome().images.predictions)
    half = job.outcome(labels=[*predictions[:11], *[(c + 1) % 10 for c in predictions[11:]]]).images
    assert (half.accuracy, half.count, half.classes) == (0.5, 22, len(set(predictions)))
    assert job.outcome(labels=[None] * 22).images.accuracy is None


def test_outcomes_survive_json(job: Job) -> None:
    """No NaN, no infinity, and the same again."""
    outcome = job.outcome()
    text = outcome.model_dump_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert Outcome.model_validate_json(text) == outcome
