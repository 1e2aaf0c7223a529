"""One request to a service, its answer checked, and its problems raised as the errors that they were."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from junco.contract.errors import DeadlineExceeded, JuncoError, Problem, Unavailable
from junco.contract.revive import revive

_M = TypeVar("_M", bound=BaseModel)
_TRIES = 6
"""Attempts at a request that changes nothing, while the service is away: about 15 s, a restart's length."""


class Wire:
    """What every part of the client sends its requests by. ``pause`` in seconds, before a second attempt."""

    def __init__(self, http: httpx.Client, pause: float) -> None:
        self._http, self._pause = http, pause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

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
                return self._send("GET", path, params=present(params), headers=headers)
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


def present(values: Mapping[str, object]) -> dict[str, str]:
    """Those that are not None, as a query takes them."""
    return {name: str(value) for name, value in values.items() if value is not None}


def patience(end: float, most: int) -> int:
    """Whole seconds until ``end`` of the monotonic clock, at most ``most``."""
    return max(0, min(most, int(end - time.monotonic())))


def in_time(end: float, detail: str) -> None:
    """Raise ``DeadlineExceeded`` after ``end``."""
    if time.monotonic() > end:
        raise DeadlineExceeded(detail, remedy="Wait longer with --timeout.")
