"""A typed client of the HTTP service. Problems that the service answers are raised as the errors that they were."""

import contextlib
import json
import os
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from junco.client.images import Picture, digest_of_file
from junco.contract.access import KeyList, KeyRequest, NewKey, RotationRequest
from junco.contract.errors import BlobCorrupt, DeadlineExceeded, JuncoError, Problem, Unavailable
from junco.contract.job import InspectionState, Job, Progress
from junco.contract.outcome import Outcome
from junco.contract.request import PlanRequest
from junco.contract.resources import (
    ArtifactList,
    Catalogue,
    DeadLetter,
    DeadLetterList,
    ImageSetResource,
    ModelList,
    ModelResource,
    PlanPreview,
    Retried,
    ValidationList,
)
from junco.contract.revive import revive

API_KEY = "JUNCO_API_KEY"
"""The environment variable that holds the API key."""
JUNIT = "application/xml"
HTML = "text/html"
_M = TypeVar("_M", bound=BaseModel)
_CHUNK = 1 << 20
_MANY = 100
"""Files above this number travel as one zip: they cannot all be open at once."""
_TRIES = 6
"""Attempts at a request that changes nothing, while the service is away: about 15 s, a restart's length."""


class Client:
    """One service. Times are seconds; every method raises ``JuncoError``, and ``Unavailable`` if nobody answers.

    Without ``api_key``, that of the variable JUNCO_API_KEY, if set.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        pause: float = 0.5,
    ) -> None:
        key = api_key or os.environ.get(API_KEY)
        # A transport is for callers that reach the service by other means than a socket.
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(timeout, connect=10.0),
            transport=transport,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self._pause = pause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    # -- models

    def upload_model(
        self, path: Path, *, input_shape: tuple[int, int, int] | None = None, output: str | None = None
    ) -> ModelResource:
        """Uploads a model unless the service has those bytes, asked under the same hints."""
        known = self._known(digest_of_file(path))
        if known is not None and (input_shape, output) in ((None, None), (known.input_shape, known.output)):
            return known
        shape = "x".join(map(str, input_shape)) if input_shape else None
        hints = {"name": path.name, "input_shape": shape, "output": output}
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
        answer = self._send("POST", "/v1/models", content=_chunks(path), headers=headers, params=_present(hints))
        return ModelResource.model_validate_json(answer.content)

    def model(self, model: str, *, wait: int = 0) -> ModelResource:
        """A model; with ``wait``, once its inspection has ended or that much time has passed."""
        return self._get(ModelResource, f"/v1/models/{model}", {"wait": wait or None})

    def inspected(self, model: str, *, timeout: float) -> ModelResource:
        """The model with its report; raises the problem of one that was rejected, ``DeadlineExceeded``."""
        end = time.monotonic() + timeout
        while True:
            found = self.model(model, wait=_patience(end, 30))
            if found.problem is not None:
                raise revive(found.problem)
            if found.inspection is InspectionState.DONE:
                return found
            _in_time(end, "The model's inspection did not end in time.")

    def models(self) -> Iterator[ModelResource]:
        """All models, newest first."""
        for page in self._pages(ModelList, "/v1/models", {}):
            yield from page.models

    def delete_model(self, model: str) -> None:
        """Deletes a model; results that rest on it stay."""
        self._send("DELETE", f"/v1/models/{model}")

    # -- images

    def upload_images(self, pictures: Sequence[Picture], labels: Sequence[int] | None = None) -> ImageSetResource:
        """Uploads an image set."""
        form = {"labels": json.dumps(list(labels))} if labels is not None else {}
        with contextlib.ExitStack() as stack:
            files = [("files", file) for file in _parts(pictures, stack)]
            answer = self._send("POST", "/v1/image-sets", data=form, files=files)
        return ImageSetResource.model_validate_json(answer.content)

    # -- validations

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
            job = self.job(job_id, wait=_patience(end, 2 if on_progress else 30))
            if on_progress is not None:
                on_progress(job.progress)
            if job.state.is_terminal:
                return job
            _in_time(end, f"Validation {job_id} did not end in time; it goes on.")

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

    # -- dead letters

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Work that failed for good, newest first."""
        for page in self._pages(DeadLetterList, "/v1/dead-letters", {}):
            yield from page.dead_letters

    def retry(self, letter: str) -> Retried:
        """Has a dead letter's work done again; raises ``NotFound``, and what submitting raises."""
        return Retried.model_validate_json(self._send("POST", f"/v1/dead-letters/{letter}:retry").content)

    # -- keys

    def create_key(self, request: KeyRequest) -> NewKey:
        """Makes a key; the answer is the only one that shows it."""
        return NewKey.model_validate_json(self._send("POST", "/v1/keys", json=request.model_dump(mode="json")).content)

    def keys(self) -> KeyList:
        """Every key, newest first."""
        return self._get(KeyList, "/v1/keys", {})

    def revoke_key(self, key_id: str) -> None:
        """Ends a key now."""
        self._send("DELETE", f"/v1/keys/{key_id}")

    def rotate_key(self, key_id: str, request: RotationRequest) -> NewKey:
        """Makes a key like an old one, which ends after the overlap."""
        answer = self._send("POST", f"/v1/keys/{key_id}:rotate", json=request.model_dump(mode="json"))
        return NewKey.model_validate_json(answer.content)

    # -- one request

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

    def _known(self, digest: str) -> ModelResource | None:
        if self._raw("HEAD", f"/v1/models/{digest}").status_code != httpx.codes.OK:
            return None
        found = self.model(digest)
        # A model that was rejected is inspected anew when it is uploaded again.
        return None if found.inspection is InspectionState.REJECTED else found

    def _get(
        self, kind: type[_M], path: str, params: Mapping[str, object], headers: dict[str, str] | None = None
    ) -> _M:
        return kind.model_validate_json(self._read(path, params, headers or {}).content)

    def _pages(self, kind: type[_M], path: str, params: Mapping[str, object]) -> Iterator[_M]:
        token = ""
        while True:
            page = self._get(kind, path, {**params, "page_token": token or None})
            yield page
            token = str(getattr(page, "next_page_token", ""))
            if not token:
                return

    def _read(self, path: str, params: Mapping[str, object], headers: dict[str, str]) -> httpx.Response:
        """A GET, repeated while the service is away: reading twice does no harm."""
        for attempt in range(_TRIES):
            try:
                return self._send("GET", path, params=_present(params), headers=headers)
            except Unavailable:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(self._pause * 2**attempt)
        raise AssertionError("the last attempt raises")

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = self._raw(method, path, **request)
        if answer.is_error:
            raise _error(answer)
        return answer

    def _raw(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The service at {self._http.base_url} does not answer.",
                found=f"{type(error).__name__}: {error}",
                remedy="See that it runs (junco serve), and that --url is right.",
            ) from error


def _error(answer: httpx.Response) -> JuncoError:
    try:
        return revive(Problem.model_validate_json(answer.content))
    except ValidationError:
        return Unavailable(
            f"The service answered {answer.status_code} without saying why.",
            expected="an application/problem+json body",
            found=answer.text[:200],
            remedy="See that --url names a Junco service.",
        )


def _present(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _parts(pictures: Sequence[Picture], stack: contextlib.ExitStack) -> Iterator[tuple[str, Any]]:
    # Runs, so that the order stays: an .npz travels by itself, as a zip holds images only.
    for packed, run in groupby(
        pictures, lambda p: len(pictures) > _MANY and p.described.media_type != "application/x-npz"
    ):
        if packed:
            yield "images.zip", stack.enter_context(_zipped(run))
        else:
            yield from ((picture.name, stack.enter_context(picture.path.open("rb"))) for picture in run)


def _zipped(pictures: Iterable[Picture]) -> IO[bytes]:
    whole = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    # Stored: images are compressed already. Two files of one name are two entries, which is meant and no warning.
    with (
        warnings.catch_warnings(action="ignore", category=UserWarning),
        zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive,
    ):
        for picture in pictures:
            archive.write(picture.path, picture.name)
    whole.seek(0)
    return whole


def _patience(end: float, most: int) -> int:
    return max(0, min(most, int(end - time.monotonic())))


def _in_time(end: float, detail: str) -> None:
    if time.monotonic() > end:
        raise DeadlineExceeded(detail, remedy="Wait longer with --timeout.")
