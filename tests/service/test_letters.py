import pytest
from fastapi.testclient import TestClient

from junco.contract.errors import BlobCorrupt, RunnerCrashed
from tests.service.hand import Hand


def test_a_crash_is_listed_and_done_again_by_a_new_validation(
    client: TestClient, hand: Hand, plan: dict[str, object]
) -> None:
    """Listed with its problem until it is retried; the new validation has the same plan and can succeed."""
    hand.work()
    job = client.post("/v1/validations", json=plan).json()["id"]
    hand.refuse = RunnerCrashed("It died by signal 11.")
    hand.work()
    hand.refuse = None
    (letter,) = client.get("/v1/dead-letters").json()["dead_letters"]
    assert (letter["validation"], letter["kind"], letter["problem"]["code"]) == (job, "shard", "RUNNER_CRASHED")
    answer = client.post(f"/v1/dead-letters/{letter['id']}:retry")
    assert answer.status_code == 202
    again = answer.json()["validation"]
    hand.work()
    assert client.get(f"/v1/validations/{again}").json()["state"] == "succeeded"
    assert client.get(f"/v1/validations/{job}").json()["state"] == "failed"
    assert client.get("/v1/dead-letters").json()["dead_letters"] == []
    assert client.post(f"/v1/dead-letters/{letter['id']}:retry").status_code == 404


def test_damaged_bytes_are_counted_and_uploading_them_again_heals(client: TestClient, hand: Hand, model: str) -> None:
    """The metric shows what was moved aside; HEAD sends the client to upload again."""
    place = hand.blobs.path(model)
    assert place is not None
    data = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(b"\1" + data[1:])
    assert client.head(f"/v1/models/{model}").status_code == 200
    with pytest.raises(BlobCorrupt):
        hand.blobs.read(model)
    assert "junco_blobs_quarantined 1.0" in client.get("/metrics").text
    assert client.head(f"/v1/models/{model}").status_code == 404
    assert client.post("/v1/models", content=data).status_code == 200
    assert client.head(f"/v1/models/{model}").status_code == 200
    assert hand.blobs.read(model) == data
