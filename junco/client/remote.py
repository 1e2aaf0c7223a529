"""Over HTTP: upload what the service lacks, submit, wait, fetch."""

from pathlib import Path

from junco.client.asked import Asked, OnProgress
from junco.client.http import Client
from junco.contract.errors import RunFailed
from junco.contract.job import Job, JobState
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome
from junco.contract.revive import revive

_INSPECTION_SECONDS = 600.0
_QUEUE_SECONDS = 3600.0
"""How long the client waits beyond the plan's own time: the work may have to queue."""


class Remote:
    """Checks on a service."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome:
        """The outcome; raises what the service refuses with, and the error of a job that failed."""
        # A model that cannot be used is told before the images travel.
        model, *_ = [
            self.uploaded(path, input_shape=asked.input_shape, output=asked.settings.output)
            for path in (asked.model, *asked.others)
        ]
        labels = [p.described.label for p in asked.pictures if p.told and p.described.label is not None]
        images = self._client.upload_images(asked.pictures, labels or None)
        request = asked.settings.request(model=model.id, images=images.id)
        job = self._client.submit(request)
        try:
            job = self._client.wait(job.id, timeout=request.timeout_seconds + _QUEUE_SECONDS, on_progress=on_progress)
        except KeyboardInterrupt:
            self._client.cancel(job.id)
            raise
        _finished(job)
        self._client.download(job.id, out)
        return self._client.result(job.id)

    def inspect(self, model: Path, *, input_shape: tuple[int, int, int] | None, output: str | None) -> ModelReport:
        """The model's report; raises the problem of one that was rejected."""
        return self.uploaded(model, input_shape=input_shape, output=output)

    def uploaded(self, model: Path, *, input_shape: tuple[int, int, int] | None, output: str | None) -> ModelReport:
        """The report of a model that is on the service afterwards."""
        found = self._client.upload_model(model, input_shape=input_shape, output=output)
        report = self._client.inspected(found.id, timeout=_INSPECTION_SECONDS).report
        assert report is not None
        return report


def _finished(job: Job) -> None:
    if job.error is not None:
        raise revive(job.error)
    if job.state is not JobState.SUCCEEDED:
        raise RunFailed(f"The validation was {job.state.value}.", expected="succeeded", found=job.state.value)
