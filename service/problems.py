"""Every error leaves as an RFC 9457 problem, in the words of junco.contract.errors."""

import errno
import http
import json
import logging
import math
from collections.abc import Sequence
from functools import partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from junco.contract.errors import (
    DOCS,
    BadInput,
    Internal,
    JobNotFinished,
    JuncoError,
    Problem,
    RequestInFlight,
    StorageFull,
    TooMany,
    Unauthenticated,
    Unavailable,
    UploadTooSlow,
)
from junco.storage.outages import OUTAGES
from junco.storage.room import told_when_full
from service import outages
from service.fields import mistaken, shortened

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"

log = logging.getLogger(__name__)


def install(app: FastAPI, routes: Sequence[APIRoute] = ()) -> None:
    """Handle everything that a route or the framework may raise; ``routes`` are all those of the app."""
    app.add_exception_handler(JuncoError, _junco)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, partial(_http, routes))
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(OSError, _system)
    for kind in OUTAGES:
        app.add_exception_handler(kind, _outage)
    app.add_exception_handler(Exception, _unexpected)


def respond(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response; ``instance`` is the request's path."""
    told = shortened(problem).model_copy(update={"instance": request.url.path, "request_id": request_id(request)})
    # Names of a caller's own may hold what no text can be written with, halves of pairs: they are told as "?".
    text = json.dumps(told.model_dump(exclude_none=True), ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def request_id(request: Request) -> str:
    """The id under which the logs know this request."""
    return str(request.scope.get("junco.request_id", ""))


def refusal(request: Request, error: JuncoError) -> Response:
    """An error as a response, with the headers that tell a client what to do."""
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    elif error.retryable or isinstance(error, JobNotFinished | RequestInFlight):
        headers["Retry-After"] = RETRY_AFTER
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="junco"'
    if isinstance(error, UploadTooSlow):
        headers["Connection"] = "close"  # what is left of the body is not waited for
    return respond(request, error.problem(), headers)


def _junco(request: Request, error: Exception) -> Response:
    assert isinstance(error, JuncoError)
    if error.status >= 500:
        log.error("request %s: %s", request_id(request), error.detail, exc_info=error)
    return refusal(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return respond(request, mistaken(error.errors(), BadInput, "The request").problem())


def _http(routes: Sequence[APIRoute], request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = http.HTTPStatus(error.status_code)
    code = status.name
    detail = str(error.detail) if error.detail and error.detail != status.phrase else _WORDS.get(status, status.phrase)
    problem = Problem(
        type=DOCS + code.lower().replace("_", "-"), title=status.phrase, status=status, detail=detail, code=code
    )
    allowed = _allowed(routes, request) if status is http.HTTPStatus.METHOD_NOT_ALLOWED else {}
    return respond(request, problem, {**(error.headers or {}), **allowed})


def _allowed(routes: Sequence[APIRoute], request: Request) -> dict[str, str]:
    """The header Allow with every method that the path takes: the framework names those of one route."""
    found = {method for route in routes if route.path_regex.match(request.url.path) for method in route.methods or ()}
    return {"Allow": ", ".join(sorted(found))} if found else {}


_WORDS = {
    http.HTTPStatus.NOT_FOUND: "There is nothing under this path; see /docs for what there is.",
    http.HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method; see the Allow header.",
}


def _gone(request: Request, _error: Exception) -> Response:
    # Nobody hears this answer; it only keeps a broken upload out of the log of bugs.
    log.info("request %s: the client went away", request_id(request))
    return Response(status_code=400)


def _outage(request: Request, error: Exception) -> Response:
    if not outages.is_outage(error):
        raise error
    log.error("request %s: the database does not answer: %s", request_id(request), error)
    return refusal(request, outages.unavailable())


def _system(request: Request, error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return _junco(request, _BUSY)
    # Forms are spooled by the framework, whose disk may be full as well as ours.
    try:
        with told_when_full():
            raise error
    except StorageFull as full:
        return _junco(request, full)


_BUSY = Unavailable(
    "The service has as many files and connections open as it may.",
    remedy="Send the request again in a moment; many large files go better as one zip.",
)


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request %s failed unexpectedly", request_id(request), exc_info=error)
    told = Internal(
        "An unexpected error; the logs know it by its request_id.",
        remedy="Try again; if it stays, report the request_id.",
    )
    return respond(request, told.problem())
