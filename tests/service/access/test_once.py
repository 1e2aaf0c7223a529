import pytest
from fastapi.testclient import TestClient

from junco.contract.errors import BadInput, RequestInFlight
from service.access.flights import Flights, idempotency_key
from tests.service.access.conftest import As
from tests.service.hand import MODEL_BYTES, Hand, picture


@pytest.fixture
def hand(client: TestClient) -> Hand:
    return Hand(client.app.state.shelf.records, client.app.state.shelf.blobs)


def plan(client: TestClient, headers: dict[str, str]) -> dict[str, object]:
    model = client.post("/v1/models", content=MODEL_BYTES, headers=headers).json()["id"]
    images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}, headers=headers).json()["id"]
    return {"model": model, "images": images, "profile": "quick"}


def test_a_request_sent_again_is_done_once(client: TestClient, key: As) -> None:
    """The same job answers, and says so; another body is 422; another tenant's key is another key."""
    alpha, beta = key("alpha"), key("beta")
    asked = plan(client, alpha)
    named = {"Idempotency-Key": '"release-42"'}
    first = client.post("/v1/validations", json=asked, headers=alpha | named)
    again = client.post("/v1/validations", json=asked, headers=alpha | named)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    other = client.post("/v1/validations", json={**asked, "seed": 1}, headers=alpha | named)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    elsewhere = client.post("/v1/validations", json=plan(client, beta), headers=beta | named)
    assert (elsewhere.status_code, "idempotent-replayed" in elsewhere.headers) == (202, False)
    assert len(client.get("/v1/validations", headers=alpha).json()["validations"]) == 1


def test_a_refused_request_leaves_its_key_free(client: TestClient, key: As) -> None:
    """The mended request may have the same key."""
    alpha = key("alpha")
    asked = plan(client, alpha)
    named = alpha | {"Idempotency-Key": "k"}
    wrong = {**asked, "images": "sha256:" + "0" * 64}
    assert client.post("/v1/validations", json=wrong, headers=named).status_code == 404
    assert client.post("/v1/validations", json=asked, headers=named).status_code == 202


def test_a_key_that_is_being_answered_is_a_conflict() -> None:
    """While it lasts, and for this tenant only."""
    flights = Flights()
    with flights.once("a", "k"):
        with flights.once("b", "k"), flights.once("a", "other"), flights.once("a", None), flights.once("a", None):
            pass
        with pytest.raises(RequestInFlight), flights.once("a", "k"):
            raise AssertionError("must not begin")
    with flights.once("a", "k"):
        pass


@pytest.mark.parametrize(("header", "key"), [(None, None), ("abc", "abc"), ('"a b"'.replace(" ", "-"), "a-b")])
def test_keys_come_with_and_without_quotes(header: str | None, key: str | None) -> None:
    """As the draft writes them, and as people do."""
    assert idempotency_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a b", "x" * 300, "é"])
def test_what_is_no_idempotency_key_is_refused(header: str) -> None:
    """With a pointer to the header."""
    with pytest.raises(BadInput) as caught:
        idempotency_key(header)
    assert caught.value.errors[0].pointer == "/header/Idempotency-Key"


def test_an_equal_validation_that_succeeded_answers_at_once(client: TestClient, hand: Hand, key: As) -> None:
    """200 with the old result, unless forced; another seed, tag or tenant is another validation."""
    alpha = key("alpha")
    asked = plan(client, alpha)
    first = client.post("/v1/validations", json=asked, headers=alpha).json()["id"]
    pending = client.post("/v1/validations", json=asked, headers=alpha)
    assert (pending.status_code, pending.json()["id"] == first) == (202, False)
    hand.work()
    newest = pending.json()["id"]
    hit = client.post("/v1/validations", json={**asked, "timeout_seconds": 100}, headers=alpha)
    assert (hit.status_code, hit.json()["id"], hit.headers["idempotent-replayed"]) == (200, newest, "true")
    assert hit.json()["verdict"] == "pass"
    for body, query in (({}, "?force=true"), ({"seed": 5}, ""), ({"labels": {"commit": "1"}}, "")):
        miss = client.post(f"/v1/validations{query}", json={**asked, **body}, headers=alpha)
        assert (miss.status_code, "idempotent-replayed" in miss.headers) == (202, False)
    beta = key("beta")
    assert client.post("/v1/validations", json=plan(client, beta), headers=beta).status_code == 202


def test_a_deleted_result_is_not_answered_again(client: TestClient, hand: Hand, key: As) -> None:
    """Then the work is done anew."""
    alpha = key("alpha")
    asked = plan(client, alpha)
    job = client.post("/v1/validations", json=asked, headers=alpha | {"Idempotency-Key": "k"}).json()["id"]
    hand.work()
    assert client.delete(f"/v1/validations/{job}", headers=alpha).status_code == 204
    again = client.post("/v1/validations", json=asked, headers=alpha | {"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"] == job) == (202, False)
