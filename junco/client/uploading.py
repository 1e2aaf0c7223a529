"""The client's part about what a validation is about: models and images, sent as streams."""

import contextlib
import json
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import httpx

from junco.client.images import Picture, digest_of_file
from junco.client.wire import Wire, in_time, patience, present
from junco.contract.job import InspectionState
from junco.contract.resources import ImageSetResource, ModelList, ModelResource
from junco.contract.revive import revive

_CHUNK = 1 << 20
_MANY = 100
"""Files above this number travel as one zip: they cannot all be open at once."""


class Uploading(Wire):
    """Models and images."""

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
        answer = self._send("POST", "/v1/models", content=_chunks(path), headers=headers, params=present(hints))
        return ModelResource.model_validate_json(answer.content)

    def model(self, model: str, *, wait: int = 0) -> ModelResource:
        """A model; with ``wait``, once its inspection has ended or that much time has passed."""
        return self._get(ModelResource, f"/v1/models/{model}", {"wait": wait or None})

    def inspected(self, model: str, *, timeout: float) -> ModelResource:
        """The model with its report; raises the problem of one that was rejected, ``DeadlineExceeded``."""
        end = time.monotonic() + timeout
        while True:
            found = self.model(model, wait=patience(end, 30))
            if found.problem is not None:
                raise revive(found.problem)
            if found.inspection is InspectionState.DONE:
                return found
            in_time(end, "The model's inspection did not end in time.")

    def models(self) -> Iterator[ModelResource]:
        """All models, newest first."""
        for page in self._pages(ModelList, "/v1/models", {}):
            yield from page.models

    def delete_model(self, model: str) -> None:
        """Deletes a model; results that rest on it stay."""
        self._send("DELETE", f"/v1/models/{model}")

    def upload_images(self, pictures: Sequence[Picture], labels: Sequence[int] | None = None) -> ImageSetResource:
        """Uploads an image set."""
        form = {"labels": json.dumps(list(labels))} if labels is not None else {}
        with contextlib.ExitStack() as stack:
            files = [("files", file) for file in _parts(pictures, stack)]
            answer = self._send("POST", "/v1/image-sets", data=form, files=files)
        return ImageSetResource.model_validate_json(answer.content)

    def _known(self, digest: str) -> ModelResource | None:
        if self._raw("HEAD", f"/v1/models/{digest}").status_code != httpx.codes.OK:
            return None
        found = self.model(digest)
        # A model that was rejected is inspected anew when it is uploaded again.
        return None if found.inspection is InspectionState.REJECTED else found


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
