"""/v1/keys and /v1/audit: for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from junco.contract.access import AuditList, KeyList, KeyRequest, NewKey, RotationRequest
from junco.contract.errors import Conflict
from service.access.caller import CALLER, Callers
from service.access.secret import mint
from service.api import problems
from service.pages import PageDep
from service.shelf import ShelfDep

router = APIRouter(tags=["access"])


async def _callers(request: Request) -> Any:
    gate = getattr(request.app.state, "gate", None)
    if gate is None or CALLER not in request.scope:
        raise Conflict(
            "Access control is off, so there are no keys.",
            expected="JUNCO_ACCESS=keys",
            found="JUNCO_ACCESS=off",
            remedy="Start the service with JUNCO_ACCESS=keys.",
        )
    return gate.callers


CallersDep = Annotated[Callers, Depends(_callers)]


@router.post("/v1/keys", status_code=201, response_model=NewKey, responses=problems(409, 422))
def create_key(callers: CallersDep, shelf: ShelfDep, asked: KeyRequest) -> NewKey:
    """Create a key for a tenant, which need not have been heard of. The answer is the only one that shows the key."""
    text, minted = mint(callers.pepper)
    return NewKey(resource=shelf.records.access.add(minted, asked), key=text)


@router.get("/v1/keys", response_model=KeyList, responses=problems(409))
def list_keys(_: CallersDep, shelf: ShelfDep) -> KeyList:
    """Every tenant's keys, newest first, without their secrets."""
    return KeyList(keys=shelf.records.access.keys())


@router.delete("/v1/keys/{key_id}", status_code=204, response_class=Response, responses=problems(404, 409))
def revoke_key(callers: CallersDep, shelf: ShelfDep, key_id: str) -> Response:
    """Revoke a key. Other replicas of the service hear of it within JUNCO_KEY_SECONDS."""
    shelf.records.access.revoke(key_id)
    callers.forget(key_id)
    return Response(status_code=204)


@router.post("/v1/keys/{key_id}:rotate", status_code=201, response_model=NewKey, responses=problems(404, 409, 422))
def rotate_key(callers: CallersDep, shelf: ShelfDep, key_id: str, asked: RotationRequest | None = None) -> NewKey:
    """Create a key like this one, which itself ends after the overlap: time to put the new one where the old was."""
    text, minted = mint(callers.pepper)
    overlap = (asked or RotationRequest()).overlap_seconds
    made = shelf.records.access.rotate(key_id, minted, overlap_seconds=overlap)
    callers.forget(key_id)
    return NewKey(resource=made, key=text)


@router.get("/v1/audit", response_model=AuditList, responses=problems(409, 422))
def read_audit(_: CallersDep, shelf: ShelfDep, page: PageDep) -> AuditList:
    """The log, newest first. A `page_size` over 200 is taken as 200."""
    entries, more = page.cut(shelf.records.access.logged(after=page.after(), size=page.sought))
    return AuditList(entries=entries, next_page_token=more)
