"""The client's part about validations: submitted, waited for, and their results fetched."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from junco.client.images import digest_of_file
from junco.client.wire import Wire, in_time, patience
from junco.contract.errors import BlobCorrupt
from junco.contract.job import Job, Progress
from junco.contract.outcome import Outcome
from junco.contract.request import PlanRequest
from junco.contract.resources import ArtifactList, Catalogue, PlanPreview, ValidationList


class Validating(Wire):
    """Validations and results."""

    def submit(self, request: PlanRequest) -> Job:
        """Submits a validation."""
        answer = self._send("POST", "/v1/validations", json=request.model_dump(mode="json"))
        return Job.model_validate_json(answer.content)

    def preview(self, request: PlanRequest) -> PlanPreview:
        """The plan that ``submit`` would run, and its cost; stores nothing."""
        body = request.model_dump(mode="json")
        answer = self._send("POST", "/v1/validations", json=body, params={"validate_only": "true"})
        return PlanPreview.model_validate_json(answer.content)

    def job(self, job_id: str, *, wait: int = 0) -> Job:
        """A validation; with ``wait``, once its state has changed or that much time has passed."""
        return self._get(Job, f"/v1/validations/{job_id}", {"wait": wait or None})

    def wait(self, job_id: str, *, timeout: float, on_progress: Callable[[Progress], None] | None = None) -> Job:
        """The validation once it has ended; raises ``DeadlineExceeded`` if it does not in ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while True:
            # The service answers early when the state changes; short waits are for the progress in between.
            job = self.job(job_id, wait=patience(end, 2 if on_progress else 30))
            if on_progress is not None:
                on_progress(job.progress)
            if job.state.is_terminal:
                return job
            in_time(end, f"Validation {job_id} did not end in time; it goes on.")

    def jobs(self, *, state: str | None = None) -> Iterator[Job]:
        """All validations, newest first."""
        for page in self._pages(ValidationList, "/v1/validations", {"state": state}):
            yield from page.validations

    def cancel(self, job_id: str) -> Job:
        """Asks a validation to stop."""
        return Job.model_validate_json(self._send("POST", f"/v1/validations/{job_id}:cancel").content)

    def delete(self, job_id: str) -> None:
        """Deletes a finished validation and its files."""
        self._send("DELETE", f"/v1/validations/{job_id}")

    def result(self, job_id: str) -> Outcome:
        """The outcome; raises the job's own error if it failed, ``JobNotFinished``."""
        return self._get(Outcome, f"/v1/validations/{job_id}/result", {}, {"Accept": "application/json"})

    def rendered(self, job_id: str, media_type: str) -> str:
        """The outcome as ``JUNIT`` or ``HTML``."""
        return self._read(f"/v1/validations/{job_id}/result", {}, {"Accept": media_type}).text

    def artifacts(self, job_id: str) -> ArtifactList:
        """The files of a result."""
        return self._get(ArtifactList, f"/v1/validations/{job_id}/artifacts", {})

    def download(self, job_id: str, to: Path) -> tuple[Path, ...]:
        """Every file of a result into the folder ``to``; raises ``BlobCorrupt`` for one that arrives damaged."""
        return tuple(self._fetch(job_id, link.name, link.digest, to) for link in self.artifacts(job_id).artifacts)

    def catalogue(self) -> Catalogue:
        """Everything that a plan may name."""
        return self._get(Catalogue, "/v1/catalogue", {})

    def _fetch(self, job_id: str, name: str, digest: str, to: Path) -> Path:
        path = (to / name).resolve()
        if not path.is_relative_to(to.resolve()):
            raise BlobCorrupt(f"The service names a file outside the result: {name[:100]!r}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._read(f"/v1/validations/{job_id}/artifacts/{name}", {}, {}).content)
        if (found := digest_of_file(path)) != digest:
            path.unlink()
            raise BlobCorrupt(f"{name} arrived damaged.", expected=digest, found=found)
        return path
