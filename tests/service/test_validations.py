import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from junco.contract.errors import RunnerCrashed
from junco.contract.job import WorkKind
from junco.contract.plan import Plan
from junco.contract.sharding import shards
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture
from tests.service.test_models import bytes_left


def submit(client: TestClient, plan: dict[str, Any], **options: Any):
    return client.post("/v1/validations", json=plan, **options)


def shards_of(shown: dict[str, Any]) -> int:
    """However the contract cuts the plan."""
    return len(shards(Plan.model_validate(shown["plan"])))


def test_a_validation_runs_from_submit_to_verdict(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """202 with where to look; inspection, shards and one finalise follow; then the verdict stands."""
    answer = submit(client, plan)
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/validations/{job['id']}"
    assert answer.headers["retry-after"] == "2"
    assert (job["state"], job["progress"]["stage"], job["plan"]) == ("queued", "inspection", None)
    kinds = hand.work()
    assert kinds[0] == WorkKind.INSPECT
    assert kinds[-1] == WorkKind.FINALISE
    shown = client.get(f"/v1/validations/{job['id']}").json()
    assert (shown["state"], shown["verdict"], shown["progress"]["percent"]) == ("succeeded", "pass", 100.0)
    assert shown["progress"]["completed"] == shown["progress"]["total"] > 0
    assert shown["plan"]["seed"] == 0
    assert kinds.count(WorkKind.SHARD) == shards_of(shown) > 1


def test_progress_grows_and_the_etag_with_it(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """304 while nothing moves; after each piece of work another ETag and more passes done."""
    path = submit(client, plan).headers["location"]
    done, etags = [], set()
    for _ in range(3):
        hand.work(most=1)
        shown = client.get(path)
        assert client.get(path, headers={"If-None-Match": shown.headers["etag"]}).status_code == 304
        assert shown.json()["state"] != "succeeded"
        done.append(shown.json()["progress"]["completed"])
        etags.add(shown.headers["etag"])
    assert done == sorted(set(done))
    assert len(etags) == 3


def test_validate_only_answers_the_plan_and_stores_nothing(
    client: TestClient, hand: Hand, plan: dict[str, Any]
) -> None:
    """409 while the plan cannot be known; then shards and cost, and no job."""
    pending = submit(client, plan, params={"validate_only": True})
    assert (pending.status_code, pending.json()["code"]) == (409, "CONFLICT")
    hand.work()
    answer = submit(client, plan, params={"validate_only": True})
    assert answer.status_code == 200
    assert answer.json()["shards"] == shards_of(answer.json()) > 1
    assert answer.json()["cost"] > 0
    assert answer.json()["plan"]["methods"][0]["label"] == "gradient"
    assert answer.json()["second_look"] is None
    assert client.get("/v1/validations").json()["validations"] == []


def test_both_looks_costs_are_told_before_the_first(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """The second look's is what validate_only says of that look."""
    submit(client, plan, params={"validate_only": True})
    hand.work()
    first, second = (
        submit(client, {**plan, "look": look}, params={"validate_only": True}).json() for look in ("first", "second")
    )
    assert first["second_look"] == second["cost"] > first["cost"]
    assert second["second_look"] is None
    assert first["plan"]["profile"]["thresholds"]["alpha"] == 0.025


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"methods": ["gradcam"]}, "/methods/0/method"),
        ({"methods": [{"method": "smoothgrad", "parameters": {"samples": 0}}]}, "/methods/0/parameters/samples"),
        ({"checks": []}, "/checks"),
        ({"timeout_seconds": 5}, "/timeout_seconds"),
        ({"metods": ["gradient"]}, "/metods"),
        ({"model": "abc"}, "/model"),
    ],
)
def test_a_plan_that_is_not_valid_points_at_the_field(
    client: TestClient, plan: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    """422 with JSON pointers."""
    answer = submit(client, {**plan, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_PLAN")
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"shift": Infinity}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_body_that_is_no_plan_is_refused(client: TestClient, text: str | bytes) -> None:
    """422, whatever the bytes."""
    answer = client.post("/v1/validations", content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_PLAN")


def test_an_infinite_shift_is_refused(client: TestClient, plan: dict[str, Any]) -> None:
    """JSON cannot carry it back, so a job with it could never be shown."""
    text = json.dumps({**plan, "shift": float("inf")})
    answer = client.post("/v1/validations", content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_PLAN")


def test_other_bodies_are_refused_by_kind_and_size(client: TestClient, settings: ServiceSettings) -> None:
    """415 for a media type that is no plan's, 413 for a plan without end."""
    assert client.post("/v1/validations", content="x", headers={"Content-Type": "text/plain"}).status_code == 415
    huge = b" " * (settings.max_plan_bytes + 1)
    answer = client.post("/v1/validations", content=huge, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_unknown_models_and_images_are_not_found(client: TestClient, plan: dict[str, Any]) -> None:
    """404 names which of the two."""
    unknown = "sha256:" + "0" * 64
    for field, word in (("model", "model"), ("images", "image set")):
        answer = submit(client, {**plan, field: unknown})
        assert answer.status_code == 404
        assert f"no {word}" in answer.json()["detail"]


def test_a_plan_that_does_not_fit_the_model_fails_at_submit_or_as_a_job(
    client: TestClient, hand: Hand, plan: dict[str, Any]
) -> None:
    """The same problem: inside the job if inspection was pending, as the answer once it is known."""
    wrong = {**plan, "preprocessing": {"height": 64, "width": 64}}
    path = submit(client, wrong).headers["location"]
    hand.work()
    failed = client.get(path).json()
    answer = submit(client, wrong)
    assert failed["state"] == "failed"
    assert answer.status_code == 422
    assert failed["error"]["code"] == answer.json()["code"] == "INPUT_SHAPE_MISMATCH"


def test_a_rejected_model_ends_its_jobs_and_refuses_others(
    client: TestClient, hand: Hand, plan: dict[str, Any]
) -> None:
    """Waiting jobs fail with the model's problem; a new one is refused with it."""
    path = submit(client, plan).headers["location"]
    hand.refuse = RunnerCrashed("The model's process died.", found="SIGSEGV")
    hand.work()
    assert client.get(path).json()["error"]["found"] == "SIGSEGV"
    again = submit(client, plan)
    assert (again.status_code, again.json()["code"]) == (500, "RUNNER_CRASHED")


def test_one_form_carries_everything(client: TestClient, hand: Hand) -> None:
    """Model, images and plan in one request are a job like any other."""
    answer = client.post(
        "/v1/validations",
        data={"plan": json.dumps({"profile": "quick", "seed": 5}), "labels": "[0, 1]"},
        files=[("model", ("net.pt", MODEL_BYTES))] + [("images", (f"{i}.png", picture(shade=i))) for i in range(2)],
    )
    assert answer.status_code == 202
    job = answer.json()
    assert job["request"]["seed"] == 5
    shown = client.get(f"/v1/image-sets/{job['request']['images']}").json()
    assert [file["label"] for file in shown["files"]] == [0, 1]
    hand.work()
    assert client.get(f"/v1/validations/{job['id']}").json()["state"] == "succeeded"


@pytest.mark.parametrize(
    ("plan_text", "model", "image", "status"),
    [
        ('{"profile": "enormous"}', MODEL_BYTES, picture(), 422),
        ('{"model": "sha256:0"}', MODEL_BYTES, picture(), 422),
        ("[", MODEL_BYTES, picture(), 422),
        ("{}", b"text", picture(), 415),
        ("{}", MODEL_BYTES, b"text", 422),
    ],
)
def test_one_form_with_something_wrong_stores_nothing(
    client: TestClient, settings: ServiceSettings, plan_text: str, model: bytes, image: bytes, status: int
) -> None:
    """Plan, model and images are looked at before any byte is kept."""
    files = [("model", ("net.pt", model)), ("images", ("a.png", image))]
    answer = client.post("/v1/validations", data={"plan": plan_text}, files=files)
    assert answer.status_code == status
    assert bytes_left(settings) == []


def test_a_queued_validation_is_canceled_at_once(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """200, canceled; asking again is no error; its work is gone."""
    path = submit(client, plan).headers["location"]
    first, second = client.post(f"{path}:cancel"), client.post(f"{path}:cancel")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["state"] == second.json()["state"] == "canceled"
    assert hand.work() == [WorkKind.INSPECT]


def test_a_running_validation_stops_when_its_worker_does(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """202 canceling while a worker holds a piece; canceled once that is given back."""
    path = submit(client, plan).headers["location"]
    hand.work(most=1)
    claim = hand.records.claim_next("slow")
    assert claim is not None
    answer = client.post(f"{path}:cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "canceling")
    assert hand.records.renew(claim) == "cancel"
    hand.records.release(claim)
    assert client.get(path).json()["state"] == "canceled"


def test_a_finished_validation_cannot_be_canceled(client: TestClient, done: str) -> None:
    """409, and the verdict stands."""
    answer = client.post(f"/v1/validations/{done}:cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_ALREADY_FINISHED")


def test_only_finished_validations_are_deleted(
    client: TestClient, hand: Hand, plan: dict[str, Any], settings: ServiceSettings
) -> None:
    """409 while it lives; 204 afterwards, its files and partials gone, the uploads still there."""
    before = set(bytes_left(settings))
    path = submit(client, plan).headers["location"]
    assert client.delete(path).status_code == 409
    hand.work()
    assert set(bytes_left(settings)) > before
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert set(bytes_left(settings)) == before


def test_equal_results_share_bytes_until_the_last_goes(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """Deleting one of two equal validations leaves the other's files."""
    paths = [submit(client, plan).headers["location"] for _ in range(2)]
    hand.work()
    client.delete(paths[0])
    assert client.get(f"{paths[1]}/result").status_code == 200


def test_validations_are_listed_by_state_in_pages(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """Newest first; a token belongs to its filters."""
    ids = [submit(client, plan).json()["id"] for _ in range(3)]
    client.post(f"/v1/validations/{ids[1]}:cancel")
    queued = client.get("/v1/validations?state=queued&page_size=1").json()
    assert [job["id"] for job in queued["validations"]] == [ids[2]]
    token = queued["next_page_token"]
    rest = client.get("/v1/validations", params={"state": "queued", "page_token": token}).json()
    assert ([job["id"] for job in rest["validations"]], rest["next_page_token"]) == ([ids[0]], "")
    assert client.get("/v1/validations", params={"state": "failed", "page_token": token}).status_code == 422
    by_model = client.get("/v1/validations", params={"model": plan["model"]}).json()["validations"]
    assert [job["id"] for job in by_model] == ids[::-1]


@pytest.mark.parametrize("query", ["page_size=-1", "state=asleep", "model=x", "page_token=e30"])
def test_a_list_query_that_makes_no_sense_is_refused(client: TestClient, query: str) -> None:
    """422 with a pointer into the query."""
    answer = client.get(f"/v1/validations?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/" + query.split("=")[0]


def test_a_late_validation_fails_with_its_deadline(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """The service's own housekeeping ends a job whose time is up: nothing stays running for ever."""
    from sqlalchemy import update

    from junco.storage.tables import jobs

    path = submit(client, plan).headers["location"]
    hand.work(most=1)
    assert hand.records.claim_next("silent") is not None
    with hand.records._database.write() as connection:
        connection.execute(update(jobs).values(end_by=1.0))
    shown = client.get(f"{path}?wait=10").json()
    assert (shown["state"], shown["error"]["code"]) == ("failed", "DEADLINE_EXCEEDED")
