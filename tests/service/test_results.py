import hashlib
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from junco.contract.catalogue import Verdict
from junco.contract.errors import MemoryExceeded
from junco.contract.outcome import Outcome
from tests.service.hand import FILES, Hand


def test_a_result_is_json_unless_asked_otherwise(client: TestClient, done: str) -> None:
    """It is the Outcome that the worker stored."""
    answer = client.get(f"/v1/validations/{done}/result")
    assert answer.headers["content-type"] == "application/json"
    assert Outcome.model_validate_json(answer.content).verdict is Verdict.PASS


@pytest.mark.parametrize("media_type", ["application/xml", "application/junit+xml"])
def test_a_result_comes_as_junit(client: TestClient, hand: Hand, plan: dict[str, Any], media_type: str) -> None:
    """A failing verdict is a failure there."""
    hand.verdict = Verdict.FAIL
    path = client.post("/v1/validations", json=plan).headers["location"]
    hand.work()
    answer = client.get(f"{path}/result", headers={"Accept": media_type})
    assert answer.headers["content-type"].startswith(media_type)
    assert int(ElementTree.fromstring(answer.content).get("failures", "0")) > 0


def test_a_result_comes_as_a_page(client: TestClient, done: str) -> None:
    """A browser's Accept gets the report, which may run nothing."""
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = client.get(f"/v1/validations/{done}/result", headers={"Accept": accept})
    assert answer.content == FILES["report.html"][0]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "Accept"


def test_a_result_in_no_known_form_is_not_acceptable(client: TestClient, done: str) -> None:
    """406 names the forms there are."""
    answer = client.get(f"/v1/validations/{done}/result", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=0, */*", "application/xml"),
        ("*/*, application/json;q=0.1, application/xml;q=0.2", "application/junit+xml"),
        ("application/*;q=0.1, text/*;q=0.2", "text/html"),
        ("application/xml;Q=0.3, application/json; q=0.4", "application/json"),
        ("application/json;q=nan, application/xml;q=0.1", "application/xml"),
    ],
)
def test_the_closest_word_on_a_form_counts(client: TestClient, done: str, accept: str, media_type: str) -> None:
    """What Accept says of a type by name counts before what it says of its kind, or of all."""
    answer = client.get(f"/v1/validations/{done}/result", headers={"Accept": accept})
    assert answer.headers["content-type"].split(";")[0] == media_type


def test_a_result_is_not_sent_twice(client: TestClient, done: str) -> None:
    """304 for its ETag, which differs by form."""
    url = f"/v1/validations/{done}/result"
    etag = client.get(url).headers["etag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(url, headers={"If-None-Match": etag, "Accept": "application/xml"}).status_code == 200


def test_an_unfinished_validation_has_no_result(client: TestClient, plan: dict[str, Any]) -> None:
    """409 with Retry-After; 409 too once canceled; 404 for no validation at all."""
    path = client.post("/v1/validations", json=plan).headers["location"]
    early = client.get(f"{path}/result")
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (409, "JOB_NOT_FINISHED", "2")
    client.post(f"{path}:cancel")
    assert client.get(f"{path}/result").json()["code"] == "CONFLICT"
    assert client.get("/v1/validations/nothing/result").status_code == 404


def test_a_failed_validation_answers_its_problem(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """The job's error, as the result's error."""
    path = client.post("/v1/validations", json=plan).headers["location"]
    hand.work(most=1)
    hand.refuse = MemoryExceeded("The runner asked for too much memory.", expected="8 GiB", found="9 GiB")
    hand.work(most=1)
    assert client.get(path).json()["state"] == "failed"
    answer = client.get(f"{path}/result")
    assert (answer.status_code, answer.json()["code"], answer.json()["found"]) == (500, "MEMORY_EXCEEDED", "9 GiB")
    assert hand.work() == []


def test_artifacts_are_listed_with_their_digests(client: TestClient, done: str) -> None:
    """Each link leads to the bytes that its digest names."""
    found = client.get(f"/v1/validations/{done}/artifacts").json()["artifacts"]
    assert [file["name"] for file in found] == ["maps/gradient.png", "outcome.json", "report.html"]
    for file in found:
        content = client.get(file["url"]).content
        assert file["digest"] == "sha256:" + hashlib.sha256(content).hexdigest()
        assert file["size"] == len(content)


def test_an_artifact_is_immutable_and_not_trusted(client: TestClient, done: str) -> None:
    """Strong ETag, immutable, nosniff, its own media type and name."""
    answer = client.get(f"/v1/validations/{done}/artifacts/maps/gradient.png")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="gradient.png"'
    etag = answer.headers["etag"]
    assert client.get(answer.request.url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=2-5", 2, 6),
        ("bytes=4-", 4, None),
        ("bytes=-3", -3, None),
        ("bytes=0-999", 0, None),
        (f"bytes=1-{'9' * 5000}", 1, None),
        (f"bytes=-{'9' * 5000}", 0, None),
    ],
)
def test_a_range_of_an_artifact(client: TestClient, done: str, asked: str, start: int, end: int | None) -> None:
    """206 with those bytes, and where they are."""
    whole = FILES["maps/gradient.png"][0]
    answer = client.get(f"/v1/validations/{done}/artifacts/maps/gradient.png", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, whole[start:end])
    first = start % len(whole)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=999-", "bytes=-0", f"bytes={'9' * 5000}-"])
def test_a_range_outside_an_artifact_is_refused(client: TestClient, done: str, asked: str) -> None:
    """416 says how long the file is."""
    answer = client.get(f"/v1/validations/{done}/artifacts/report.html", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILES['report.html'][0])}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-"])
def test_a_range_that_is_none_gives_the_whole(client: TestClient, done: str, asked: str) -> None:
    """As RFC 9110 has it: what cannot be read is ignored."""
    answer = client.get(f"/v1/validations/{done}/artifacts/report.html", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, FILES["report.html"][0])


@pytest.mark.parametrize("name", ["nothing.png", "../../junco.sqlite3", "%2e%2e/report.html", "maps", "%00"])
def test_a_name_that_is_no_artifact_is_not_found(client: TestClient, done: str, name: str) -> None:
    """Names are looked up, never joined to a path."""
    assert client.get(f"/v1/validations/{done}/artifacts/{name}").status_code == 404


def test_damaged_bytes_are_never_served(client: TestClient, done: str, hand: Hand) -> None:
    """A flipped byte on disk is a 500 that says which blob, not a wrong picture."""
    file = next(f for f in hand.records.files(done) if f.name == "report.html")
    path = hand.blobs.path(file.digest)
    path.chmod(0o644)
    path.write_bytes(b"<!doctype html><title>REPORT</title>")
    answer = client.get(f"/v1/validations/{done}/artifacts/report.html")
    assert (answer.status_code, answer.json()["code"]) == (500, "BLOB_CORRUPT")
