"""Lists in pages: how many to a page, after which one, and the token that asks for the next."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Query

from junco.contract.errors import BadInput, FieldProblem

_USUAL, _MOST = 50, 200


class Listed(Protocol):
    """What lists are made of."""

    @property
    def id(self) -> str:
        """By which a page ends."""
        ...


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True)
class Page:
    """The page asked for: ``size`` entries, those after where ``token`` left off."""

    size: int
    token: str

    @property
    def sought(self) -> int:
        """How many entries to look for: one more than is shown, which says whether there is a next page."""
        return self.size + 1

    def after(self, *filters: str) -> str | None:
        """The id that the page before ended with, if any; raises ``BadInput`` for a token not of these ``filters``."""
        if not self.token:
            return None
        last, *bound = _parts(self.token)
        if bound != list(filters):
            raise bad_token()
        return last

    def cut(self, found: Sequence[L], *filters: str) -> tuple[tuple[L, ...], str]:
        """What is shown of ``found``, and the next page's token, empty on the last page."""
        shown = tuple(found[: self.size])
        return shown, _token(shown[-1].id, *filters) if len(found) > self.size else ""


async def _page(
    page_size: Annotated[int, Query(ge=0)] = _USUAL, page_token: Annotated[str, Query(max_length=500)] = ""
) -> Page:
    return Page(min(page_size or _USUAL, _MOST), page_token)


PageDep = Annotated[Page, Depends(_page)]


def bad_token() -> BadInput:
    """The error for a page token that does not belong to the query."""
    detail = "page_token is not one that this query answered."
    return BadInput(
        detail,
        remedy="Start again without page_token.",
        errors=[FieldProblem(pointer="/query/page_token", detail=detail)],
    )


def _token(*parts: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _parts(token: str) -> list[str]:
    """A token's parts, at least one; raises ``BadInput`` for what cannot be one of ours."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or not parts or not all(map(_is_plain, parts)):
        raise bad_token()
    return parts


def _is_plain(part: object) -> bool:
    # Ids and filters are: databases refuse NUL, and no text encoding has half a surrogate pair.
    return isinstance(part, str) and part.isascii() and part.isprintable()
