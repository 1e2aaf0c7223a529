"""How a validation is shown: links, headers, waits."""

import asyncio
from collections.abc import Callable

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from junco.contract.job import ArtifactLink, Job
from junco.storage import StoredFile
from junco.storage.jobs import missing
from service.answers import MAX_WAIT, matches
from service.problems import RETRY_AFTER
from service.shelf import Shelf
from service.validations.polls import Shown

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


async def look(shelf: Shelf, job_id: str) -> Shown:
    """The job as it stands; raises ``NotFound``."""
    stamp = await shelf.polls.stamp(job_id)
    if stamp is None or not shelf.records.sees(stamp[0]):
        raise missing(job_id)
    kept = shelf.polls.kept(job_id, stamp[1])
    if kept is None:
        kept = await run_in_threadpool(_built, shelf, job_id)
        shelf.polls.keep(kept)
    return kept


def _built(shelf: Shelf, job_id: str) -> Shown:
    job = shown(shelf.records.job(job_id))
    body = job.model_dump_json().encode()
    answer = Response(body, media_type="application/json")
    tell(answer, job)
    return Shown(job, body, tuple(answer.raw_headers))


def answer_of(headers: Headers, found: Shown) -> Response:
    """The body as it was built once for this revision, or nothing for whoever has it: clients ask far more often than
    jobs change."""
    unchanged = matches(headers, etag_of(found.job))
    answer = Response(status_code=304) if unchanged else Response(found.body, media_type="application/json")
    tell(answer, found.job)
    return answer


async def _until(shelf: Shelf, job_id: str, done: Callable[[Job], bool], seconds: float) -> Job:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    job = (await look(shelf, job_id)).job
    while not done(job) and (left := end - loop.time()) > 0:
        await asyncio.sleep(min(shelf.settings.poll_seconds, left))
        job = (await look(shelf, job_id)).job
    return job


async def finished(shelf: Shelf, job_id: str, seconds: float) -> Job:
    """The job once it has ended, or as it is when time is up."""
    return await _until(shelf, job_id, lambda job: job.state.is_terminal, seconds)


async def moved(shelf: Shelf, job_id: str, seconds: float) -> Job:
    """The job once its state has changed, or as it is when time is up."""
    states: set[str] = set()

    def changed(job: Job) -> bool:
        states.add(job.state)
        return job.state.is_terminal or len(states) > 1

    return await _until(shelf, job_id, changed, seconds)


async def newer(shelf: Shelf, job_id: str, seen: int) -> Job:
    """The job once its revision is beyond ``seen`` or it has ended, or as it is after a while."""
    return await _until(shelf, job_id, lambda job: job.revision > seen or job.state.is_terminal, MAX_WAIT)


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
