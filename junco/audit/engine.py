"""The audit's front doors: tasks for a runner, and whole audits in process for a laptop or a notebook."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from junco.audit import images as pictures
from junco.audit.memory import keep_pages
from junco.audit.partial import Partial
from junco.audit.pipeline.codec import decode, encode
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.others import Filed
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.shards import KEPT, run
from junco.contract.base import digest_of
from junco.contract.errors import Internal
from junco.contract.images import ImageSet
from junco.contract.job import Progress, WorkKind
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome, Provenance
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.wire import Advanced, Event, Task

T = TypeVar("T")


def execute(task: Task, emit: Callable[[Event], None]) -> tuple[str, ...]:
    """Carry out ``task``, write its files under ``task.out`` and return their names; raises ``JuncoError``."""
    torch.set_num_threads(task.threads)
    keep_pages()
    return _EXECUTE[task.kind](task, emit)


def _inspect(task: Task, _emit: Callable[[Event], None]) -> tuple[str, ...]:
    report = inspect(Path(task.model_path).read_bytes(), input_shape=task.input_shape, output=task.output)
    return _written(task, {"report.json": report.model_dump_json().encode()})


def _shard(task: Task, emit: Callable[[Event], None]) -> tuple[str, ...]:
    shard, plan = _given(task.shard), _given(task.plan)
    done = 0

    def tick(passes: int) -> None:
        nonlocal done
        done = min(shard.cost, done + passes)
        emit(Advanced(stage=shard.check.value, completed=done))

    others = Filed({digest: Path(path) for digest, path in task.other_paths.items()})
    model = Path(task.model_path).read_bytes()
    partial = run(shard, plan, model, _files(task), device=task.device, tick=tick, others=others)
    return _written(task, {"partial.safetensors": encode(partial)})


def _finalise(task: Task, _emit: Callable[[Event], None]) -> tuple[str, ...]:
    plan, report = _given(task.plan), _given(task.report)
    partials = {i: decode(Path(path).read_bytes()) for i, path in enumerate(task.partial_paths)}
    sandbox = _provenance(device=task.device, threads=task.threads, sandbox=task.sandbox)
    outcome, files = _concluded(plan, report, partials, _files(task), provenance=sandbox)
    return _written(task, {"outcome.json": outcome.model_dump_json(indent=1).encode()} | files)


_EXECUTE: dict[WorkKind, Callable[[Task, Callable[[Event], None]], tuple[str, ...]]] = {
    WorkKind.INSPECT: _inspect,
    WorkKind.SHARD: _shard,
    WorkKind.FINALISE: _finalise,
}


def _concluded(
    plan: Plan, report: ModelReport, partials: dict[int, Partial], files: Files, **how: object
) -> tuple[Outcome, dict[str, bytes]]:
    # Here and not above: matplotlib, jinja2 and scipy cost every runner 0.8 s of CPU, and one in a job's many draws.
    from junco.audit.pipeline.draw import draw
    from junco.audit.pipeline.finalise import conclude

    shots = pictures.load(files, plan.preprocessing, selected=plan.selected)
    outcome = conclude(plan, report, partials, labels=shots.labels, names=shots.names, **how)  # type: ignore[arg-type]
    outcome, drawn = draw(outcome, partials, shots.shown[:KEPT])
    return outcome, {artifact.name: artifact.data for artifact in drawn}


def _provenance(*, device: str, threads: int, sandbox: str) -> Provenance:
    from junco.audit.pipeline.finalise import provenance  # late, as in _concluded

    return provenance(device=device, threads=threads, sandbox=sandbox)


def _files(task: Task) -> Files:
    images = _given(task.images)
    return [(file, Path(path).read_bytes()) for file, path in zip(images.files, task.image_paths, strict=True)]


def _written(task: Task, files: dict[str, bytes]) -> tuple[str, ...]:
    _write(Path(task.out), files)
    return tuple(files)


def _write(out: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _given(value: T | None) -> T:
    if value is None:
        raise Internal("The task lacks what its kind needs.")
    return value


class LocalEngine:
    """Whole audits in this process: same plan, same shards, same outcome as the service's."""

    def __init__(self, *, threads: int | None = None, device: str = "cpu") -> None:
        self._device = device
        self._threads = threads or torch.get_num_threads()
        torch.set_num_threads(self._threads)
        keep_pages()

    def inspect(
        self, model: Path, *, input_shape: tuple[int, int, int] | None = None, output: str | None = None
    ) -> ModelReport:
        """Inspect a model file."""
        return inspect(model.read_bytes(), input_shape=input_shape, output=output)

    def check(
        self,
        model: Path,
        images: ImageSet,
        paths: Sequence[Path],
        request: PlanRequest,
        *,
        out: Path,
        input_shape: tuple[int, int, int] | None = None,
        others: Sequence[Path] = (),
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Outcome:
        """Run ``request`` on files of this machine and write outcome.json, report.html and pictures under ``out``.

        ``paths`` belong to ``images.files``, one each. ``request.model`` must be the model file's digest;
        ``others`` are the models that it names besides.
        """
        data = model.read_bytes()
        on_progress(Progress(stage="inspect"))
        report = inspect(data, input_shape=input_shape, output=request.output)
        beside = Filed({digest_of(path.read_bytes()): path for path in others})
        looked = {d: inspect(beside[d], input_shape=input_shape, output=request.output) for d in beside}
        plan = resolve(request, report, images, beside=looked)
        files = [(file, path.read_bytes()) for file, path in zip(images.files, paths, strict=True)]
        started = time.monotonic()
        work = partial(run, plan=plan, model=data, files=files, device=self._device, others=beside)
        partials = _run_all(plan, work, on_progress)
        how = _provenance(device=self._device, threads=self._threads, sandbox="none: in process")
        how = how.model_copy(update={"durations": {"shards": round(time.monotonic() - started, 3)}})
        on_progress(Progress(stage="report", completed=1, total=1, percent=100.0))
        outcome, written = _concluded(plan, report, partials, files, provenance=how)
        _write(out, {"outcome.json": outcome.model_dump_json(indent=1).encode()} | written)
        return outcome


def _run_all(plan: Plan, work: Callable[..., Partial], on_progress: Callable[[Progress], None]) -> dict[int, Partial]:
    pieces = shards(plan)
    meter = _Meter(sum(piece.cost for piece in pieces), on_progress)
    return {p.index: work(p, tick=meter.of(p.check.value)) for p in pieces}


@dataclass
class _Meter:
    """Passes done of all shards, told as they come."""

    total: int
    tell: Callable[[Progress], None]
    done: int = 0

    def of(self, stage: str) -> Callable[[int], None]:
        """A tick that counts under ``stage``."""

        def tick(passes: int) -> None:
            self.done = min(self.total, self.done + passes)
            percent = round(100 * self.done / max(self.total, 1), 1)
            self.tell(Progress(stage=stage, completed=self.done, total=self.total, percent=percent))

        return tick
