"""In process: the engine is found by name among the installed entry points, so that this package never imports it."""

import importlib.metadata
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from junco.client.asked import Asked, OnProgress
from junco.client.images import digest_of_file, image_set
from junco.contract.errors import DeadlineExceeded, Unavailable
from junco.contract.images import ImageSet
from junco.contract.job import Progress
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome
from junco.contract.request import PlanRequest

GROUP = "junco.engine"
_EXTRA = "Install it with: pip install 'junco[audit]', or name a server with --url."


class Engine(Protocol):
    """What an entry point of the group provides: a class without arguments."""

    def inspect(
        self, model: Path, *, input_shape: tuple[int, int, int] | None = None, output: str | None = None
    ) -> ModelReport:
        """What a model is; raises ``BadInput``."""
        ...

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
        on_progress: OnProgress,
    ) -> Outcome:
        """Does the validation, its files written under ``out``; ``paths`` are the files of ``images``, one each, and
        ``others`` the models that the request names besides."""
        ...


def engine() -> Engine:
    """The installed engine; raises ``Unavailable`` naming what to install."""
    points = list(importlib.metadata.entry_points(group=GROUP))
    if not points:
        raise Unavailable("There is no engine to check models in this process.", remedy=_EXTRA)
    try:
        made: Engine = points[0].load()()
    except ImportError as error:
        raise Unavailable(
            "The engine that checks models in this process cannot be loaded.",
            expected="the packages of the extra junco[audit]",
            found=str(error),
            remedy=_EXTRA,
        ) from error
    return made


class Local:
    """Checks in this process."""

    def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome:
        """The outcome; raises ``BadInput``, ``RunFailed``, ``Unavailable``."""
        images = image_set(asked.pictures)
        request = asked.settings.request(model=digest_of_file(asked.model), images=images.id)
        return engine().check(
            asked.model,
            images,
            [picture.path for picture in asked.pictures],
            request,
            out=out,
            input_shape=asked.input_shape,
            others=asked.others,
            on_progress=_until(time.monotonic() + request.timeout_seconds, on_progress),
        )

    def inspect(self, model: Path, *, input_shape: tuple[int, int, int] | None, output: str | None) -> ModelReport:
        """The model's report; raises ``BadInput``, ``Unavailable``."""
        return engine().inspect(model, input_shape=input_shape, output=output)


def _until(end: float, on_progress: OnProgress) -> OnProgress:
    """Passes progress on, and ends the work once its time is up: the maths itself knows no clock."""

    def passed_on(progress: Progress) -> None:
        if time.monotonic() > end:
            raise DeadlineExceeded("The check took longer than --timeout allows.", stage=progress.stage)
        on_progress(progress)

    return passed_on
