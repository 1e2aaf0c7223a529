"""From a runner's files to what the records keep: read as data, checked, and stored before any row names them."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from junco.contract.errors import RunnerCrashed
from junco.contract.job import WorkKind
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome
from junco.storage.blobs import Blobs
from junco.storage.claim import Claim, Computed, Finalised, Inspected, Result, StoredFile
from worker.runner.arrays import require_arrays

MAX_JSON_BYTES = 64 << 20
"""Largest JSON file that is read into the worker; results have some hundred kilobytes."""
MAX_REPORT_BYTES = 8 << 20
"""Largest report of an inspection, which goes with every look at its model; those of large networks have some hundred
kilobytes."""
REPORT, PARTIAL, OUTCOME = "report.json", "partial.safetensors", "outcome.json"

_MEDIA_TYPES = {
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_M = TypeVar("_M", bound=BaseModel)


def store(claim: Claim, files: Mapping[str, Path], blobs: Blobs) -> Result:
    """The result of ``claim``'s work; raises ``RunnerCrashed`` for files that are not what the work promises."""
    match claim.kind:
        case WorkKind.INSPECT:
            report = _read(ModelReport, files, REPORT, most=MAX_REPORT_BYTES)
            if report.id != claim.model:
                raise _not_as_promised(REPORT, f"a report of {report.id}")
            return Inspected(report=report)
        case WorkKind.SHARD:
            require_arrays(_file(files, PARTIAL))
            return Computed(partial=blobs.put_file(files[PARTIAL])[0])
        case WorkKind.FINALISE:
            verdict = _read(Outcome, files, OUTCOME, most=MAX_JSON_BYTES).verdict
            return Finalised(verdict=verdict, files=tuple(_stored(name, files[name], blobs) for name in sorted(files)))


def media_type(name: str) -> str:
    """What a browser should be told of a file of this name."""
    return _MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def _stored(name: str, path: Path, blobs: Blobs) -> StoredFile:
    digest, size = blobs.put_file(path)
    return StoredFile(name=name, media_type=media_type(name), size=size, digest=digest)


def _read(kind: type[_M], files: Mapping[str, Path], name: str, *, most: int) -> _M:
    path = _file(files, name)
    if path.stat().st_size > most:
        raise _not_as_promised(name, f"{path.stat().st_size} bytes, over {most}")
    data = path.read_bytes()
    try:
        # Browsers and databases refuse NaN, which JSON does not know and Python's readers let through.
        from_json(data, allow_inf_nan=False)
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise _not_as_promised(name, str(error.errors()[0]["msg"])) from error
    except ValueError as error:
        raise _not_as_promised(name, str(error)[:200]) from error


def _file(files: Mapping[str, Path], name: str) -> Path:
    if name not in files:
        raise _not_as_promised(name, ", ".join(sorted(files)[:5]) or "no file")
    return files[name]


def _not_as_promised(name: str, found: str) -> RunnerCrashed:
    return RunnerCrashed("The runner's files are not what its task promises.", expected=name, found=found)
