import asyncio
import sqlite3
import threading

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import TimeoutError as PoolExhausted

from junco.contract.errors import Unavailable
from junco.storage import Records
from service.validations.polls import Polls
from tests.service.access.conftest import As, Made
from tests.service.hand import MODEL_BYTES, Hand, picture


def job_of(client: TestClient, headers: Made) -> str:
    model = client.post("/v1/models", content=MODEL_BYTES, headers=headers).json()["id"]
    images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}, headers=headers).json()["id"]
    plan = {"model": model, "images": images, "profile": "quick"}
    return str(client.post("/v1/validations", json=plan, headers=headers).json()["id"])


def test_the_short_way_gives_the_routes_answer(client: TestClient, key: As) -> None:
    """Same body, same headers, in every state of the job; an ETag still gives 304."""
    headers = key("lab")
    job = job_of(client, headers)
    hand = Hand(client.app.state.shelf.records, client.app.state.shelf.blobs)
    states = []
    while True:
        short = client.get(f"/v1/validations/{job}", headers=headers)
        routed = client.get(f"/v1/validations/{job}?wait=0", headers=headers)
        states.append(short.json()["state"])
        assert short.content == routed.content
        assert {**short.headers, "x-request-id": ""} == {**routed.headers, "x-request-id": ""}
        unchanged = client.get(f"/v1/validations/{job}", headers=headers | {"If-None-Match": short.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        if not hand.work(1):
            break
    assert (states[0], states[-1]) == ("queued", "succeeded")
    lines = client.get("/metrics", headers=key(scope="admin")).text
    assert f'method="GET",route="/v1/validations/{{job_id}}",status="200"}} {2 * len(states)}.0' in lines


def test_a_poll_never_tells_what_was_before_it_was_asked(client: TestClient, key: As) -> None:
    """What an answered request did is seen by the next one, whatever is kept."""
    headers = key()
    job = job_of(client, headers)
    assert client.get(f"/v1/validations/{job}", headers=headers).json()["state"] == "queued"
    client.post(f"/v1/validations/{job}:cancel", headers=headers)
    assert client.get(f"/v1/validations/{job}", headers=headers).json()["state"] == "canceled"
    client.delete(f"/v1/validations/{job}", headers=headers)
    assert client.get(f"/v1/validations/{job}", headers=headers).status_code == 404


def test_questions_that_wait_together_share_a_look_that_begins_after_them() -> None:
    """Two looks for nine questions; those that came during the first are not answered by it."""
    looks: list[list[str]] = []
    entered, go = threading.Event(), threading.Event()

    def look(ids: list[str]) -> dict[str, tuple[str, int]]:
        looks.append(sorted(ids))
        entered.set()
        assert go.wait(10)
        return {name: ("t", len(looks)) for name in ids if name != "gone"}

    async def ask() -> list[tuple[str, int] | None]:
        polls = Polls(look)
        first = asyncio.ensure_future(polls.stamp("a"))
        await asyncio.to_thread(entered.wait, 10)
        later = [asyncio.ensure_future(polls.stamp(name)) for name in ("a", "b", "gone", "a\0", "b", "b", "b", "b")]
        await asyncio.sleep(0)
        later[-1].cancel()
        go.set()
        return [await first, *[await asked for asked in later[:-1]]]

    found = asyncio.run(ask())
    assert looks == [["a"], ["a", "b", "gone"]]
    assert found[:5] == [("t", 1), ("t", 2), ("t", 2), None, None]


def test_a_look_that_fails_is_told_to_all_who_asked_and_to_nobody_else() -> None:
    """The next question begins anew."""
    broken = True

    def look(ids: list[str]) -> dict[str, tuple[str, int]]:
        if broken:
            raise PoolExhausted("no connection is free")
        return dict.fromkeys(ids, ("t", 1))

    async def ask() -> None:
        nonlocal broken
        polls = Polls(look)
        for found in await asyncio.gather(polls.stamp("a"), polls.stamp("b"), return_exceptions=True):
            assert isinstance(found, Unavailable)
        broken = False
        assert await polls.stamp("a") == ("t", 1)

    asyncio.run(ask())


def test_a_glance_answers_on_the_spot_and_one_that_fails_leaves_it_to_a_look() -> None:
    """No thread and no batch where the records are a file; what is wrong with the file, the look finds out."""
    looks: list[list[str]] = []

    def look(ids: list[str]) -> dict[str, tuple[str, int]]:
        looks.append(ids)
        return dict.fromkeys(ids, ("t", 2))

    def glance(job_id: str) -> tuple[str, int] | None:
        if job_id == "broken":
            raise sqlite3.OperationalError("database is locked")
        return None if job_id == "gone" else ("t", 1)

    async def ask() -> list[tuple[str, int] | None]:
        polls = Polls(look, glance)
        return [await polls.stamp(name) for name in ("a", "gone", "broken")]

    assert asyncio.run(ask()) == [("t", 1), None, ("t", 2)]
    assert looks == [["broken"]]


def test_polls_go_on_without_the_connection_that_glances(client: TestClient, key: As) -> None:
    """The answer is the same, the long way; a cancel is seen at once on both."""
    headers = key()
    job = job_of(client, headers)
    before = client.get(f"/v1/validations/{job}", headers=headers)
    client.app.state.shelf.polls._glance.close()
    assert client.get(f"/v1/validations/{job}", headers=headers).content == before.content
    client.post(f"/v1/validations/{job}:cancel", headers=headers)
    assert client.get(f"/v1/validations/{job}", headers=headers).json()["state"] == "canceled"


def test_an_outage_after_the_glance_is_told_as_one(
    client: TestClient, key: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row itself is read through the pool, which may be exhausted: 503 as on every route, and no unknown error."""

    def exhausted(*_: object) -> None:
        raise PoolExhausted

    headers = key()
    job = job_of(client, headers)
    client.app.state.shelf.records.cancel(job)  # a revision that no answer was built for yet
    monkeypatch.setattr(Records, "job", exhausted)
    answer = client.get(f"/v1/validations/{job}", headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_poll_with_a_body_is_bounded_as_every_request(client: TestClient, key: As) -> None:
    """The short way takes none: its announced length is looked at first."""
    headers = key()
    job = job_of(client, headers)
    assert client.request("GET", f"/v1/validations/{job}", headers=headers, content=b"x").status_code == 200
    sent = headers | {"Content-Length": str(1 << 30)}
    assert client.request("GET", f"/v1/validations/{job}", headers=sent, content=b"x").status_code == 413


@pytest.mark.parametrize("path", ["{job}/", "{upper}", "{job}%00", "x{job}"])
def test_what_is_not_quite_an_id_is_not_found(client: TestClient, key: As, path: str) -> None:
    """The short way takes ids exactly as they are written."""
    headers = key()
    job = job_of(client, headers)
    answer = client.get("/v1/validations/" + path.format(job=job, upper=job.upper()), headers=headers)
    assert answer.status_code in (307, 404)
