"""/v1/dead-letters: for administrators, across tenants."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from junco.contract.resources import DeadLetterList, Retried
from service.api import problems
from service.pages import PageDep
from service.shelf import ShelfDep

router = APIRouter(tags=["dead letters"])


@router.get("/v1/dead-letters", response_model=DeadLetterList, responses=problems(422))
def list_dead_letters(shelf: ShelfDep, page: PageDep) -> DeadLetterList:
    """Work that failed for good, newest first, until it is retried or what it was for is deleted."""
    letters, more = page.cut(shelf.records.upkeep.dead_letters(after=page.after(), size=page.sought))
    return DeadLetterList(dead_letters=letters, next_page_token=more)


@router.post(
    "/v1/dead-letters/{letter_id}:retry", status_code=202, response_model=Retried, responses=problems(404, 409, 422)
)
async def retry_dead_letter(shelf: ShelfDep, letter_id: str) -> Retried:
    """Have it done again: by a new validation of the same plan, or by a new inspection of the model."""
    retried = await run_in_threadpool(shelf.records.upkeep.retry, letter_id)
    await run_in_threadpool(shelf.ring)
    return retried
