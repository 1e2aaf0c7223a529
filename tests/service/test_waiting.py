"""Waiting for a validation: by the submit itself, by long polls, by events."""

import json
import threading
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from junco.storage import jobs, lifecycle
from tests.service.hand import Hand


def submit(client: TestClient, plan: dict[str, Any], **options: Any):
    return client.post("/v1/validations", json=plan, **options)


@pytest.mark.parametrize("prefer", [True, False])
def test_a_submit_may_wait_for_the_end(client: TestClient, hand: Hand, plan: dict[str, Any], prefer: bool) -> None:
    """Prefer: wait and ?wait= both answer 200 with the finished job."""
    with hand.working():
        if prefer:
            answer = submit(client, plan, headers={"Prefer": "wait=10"})
        else:
            answer = submit(client, plan, params={"wait": 10})
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert answer.headers.get("preference-applied") == ("wait=10" if prefer else None)


def test_a_wait_that_runs_out_is_no_error(client: TestClient, plan: dict[str, Any]) -> None:
    """202 with the job as it is, after about the time asked for."""
    started = time.monotonic()
    answer = submit(client, plan, params={"wait": 1})
    assert answer.status_code == 202
    assert 0.9 < time.monotonic() - started < 5


def test_many_waits_do_not_starve_the_service(client: TestClient, plan: dict[str, Any]) -> None:
    """Sixty long polls, more than the thread pool holds, leave room for a quick question."""
    path = submit(client, plan).headers["location"]
    waits = [threading.Thread(target=client.get, args=(f"{path}?wait=2",)) for _ in range(60)]
    for wait in waits:
        wait.start()
    started = time.monotonic()
    assert client.get(path).status_code == 200
    assert time.monotonic() - started < 1.5
    for wait in waits:
        wait.join()


def test_events_follow_a_validation_to_its_end(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """Ids are revisions and grow; names are states; the stream ends after the last; it resumes where one was."""
    path = submit(client, plan).headers["location"]
    with hand.working(), client.stream("GET", f"{path}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = list(stream.iter_lines())
    ids = [int(line[4:]) for line in lines if line.startswith("id: ")]
    names = [line[7:] for line in lines if line.startswith("event: ")]
    assert ids == sorted(set(ids))
    assert (names[0], names[-1]) == ("queued", "succeeded")
    last = [json.loads(line[6:]) for line in lines if line.startswith("data: ")][-1]
    assert last["verdict"] == "pass"
    resumed = client.get(f"{path}/events", headers={"Last-Event-ID": str(ids[-1] - 1)}).text
    assert resumed.count("event: ") == 1


@pytest.mark.parametrize("seen", ["9" * 5000, "-5", "1.5", "x", ""])
def test_events_go_on_from_an_id_that_is_none(client: TestClient, hand: Hand, plan: dict[str, Any], seen: str) -> None:
    """What no event was called is no place to go on from: the stream tells how things stand."""
    path = submit(client, plan).headers["location"]
    hand.work()
    told = client.get(f"{path}/events", headers={"Last-Event-ID": seen}).text
    assert told.count("event: succeeded") == 1


def test_events_end_with_a_validation_that_is_deleted(
    client: TestClient, plan: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Canceled and gone between two looks: the stream ends, and no error is logged."""
    path = submit(client, plan).headers["location"]
    with client.stream("GET", f"{path}/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: queued"
        with client.app.state.shelf.records._database.write() as connection:
            lifecycle.cancel(connection, path.rsplit("/", 1)[1])
            jobs.remove(connection, path.rsplit("/", 1)[1])
        assert [line for line in lines if line.startswith("event: ")] == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_events_of_an_unknown_validation_are_not_found(client: TestClient) -> None:
    """404 before any stream begins."""
    answer = client.get("/v1/validations/nothing/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_long_poll_answers_when_the_state_changes(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """Before its time is up."""
    path = submit(client, plan).headers["location"]
    hand.work(most=1)
    timer = threading.Timer(0.3, hand.work, kwargs={"most": 1})
    timer.start()
    started = time.monotonic()
    assert client.get(f"{path}?wait=20").json()["state"] == "running"
    assert time.monotonic() - started < 15
    timer.join()
