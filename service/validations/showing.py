"""How a validation is shown: links, headers, waits."""

from fastapi import Response
from starlette.datastructures import Headers

from junco.contract.job import ArtifactLink, Job
from junco.storage import StoredFile
from service.answers import wait_until
from service.problems import RETRY_AFTER
from service.shelf import Shelf

_FINAL = "private, max-age=60"


def path_of(job_id: str) -> str:
    """Where a validation is found."""
    return f"/v1/validations/{job_id}"


def shown(job: Job) -> Job:
    """The job with its links."""
    own = path_of(job.id)
    links = {"self": own, "events": f"{own}/events", "result": f"{own}/result", "artifacts": f"{own}/artifacts"}
    return job.model_copy(update={"links": links if job.state.is_terminal else {**links, "cancel": f"{own}:cancel"}})


def etag_of(job: Job) -> str:
    """Moves with every visible change."""
    return f'"{job.revision}"'


def tell(response: Response, job: Job) -> None:
    """Headers of an answer that shows a job."""
    response.headers["ETag"] = etag_of(job)
    response.headers["Cache-Control"] = _FINAL if job.state.is_terminal else "no-cache"
    if not job.state.is_terminal:
        response.headers["Retry-After"] = RETRY_AFTER


async def finished(shelf: Shelf, job_id: str, seconds: float) -> Job:
    """The job once it has ended, or as it is when time is up."""
    return await wait_until(
        lambda: shelf.records.job(job_id),
        lambda job: job.state.is_terminal,
        seconds=seconds,
        every=shelf.settings.poll_seconds,
    )


async def moved(shelf: Shelf, job_id: str, seconds: float) -> Job:
    """The job once its state has changed, or as it is when time is up."""
    states: set[str] = set()

    def changed(job: Job) -> bool:
        states.add(job.state)
        return job.state.is_terminal or len(states) > 1

    return await wait_until(
        lambda: shelf.records.job(job_id), changed, seconds=seconds, every=shelf.settings.poll_seconds
    )


def link_of(job_id: str, file: StoredFile) -> ArtifactLink:
    """A file of a result, with where it is found."""
    url = f"{path_of(job_id)}/artifacts/{file.name}"
    return ArtifactLink(name=file.name, media_type=file.media_type, size=file.size, digest=file.digest, url=url)


def headers_of(file: StoredFile) -> dict[str, str]:
    """Headers under which a stored file leaves: it never changes, and a browser must not trust it."""
    plain = file.name.rsplit("/", 1)[-1].encode("ascii", "replace").decode().translate(_UNQUOTED)
    return {
        "ETag": f'"{file.digest}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f'inline; filename="{plain}"',
        "X-Content-Type-Options": "nosniff",
        # A report may show its own styles and pictures, and do nothing else: no script, no network, no form.
        "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox",
    }


_UNQUOTED = {ord('"'): "_", ord("\\"): "_"}


def applied(headers: Headers, wait: int | None) -> dict[str, str]:
    """Preference-Applied, where a preferred wait was honoured."""
    return {} if wait is None or "prefer" not in headers else {"Preference-Applied": f"wait={wait}"}
