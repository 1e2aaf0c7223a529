import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from junco.contract.catalogue import METHODS, CheckName, Control, Method
from junco.contract.randomization import ConventionName
from junco.storage import WorkerCard
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.hand import Hand


def test_the_http_process_never_loads_torch() -> None:
    """Importing the app brings in neither torch nor numpy, Pillow, scipy or the maths."""
    script = (
        "import sys, service.app, service.__main__; "
        "print([m for m in ('torch', 'numpy', 'PIL', 'scipy', 'captum', 'junco.audit', 'worker') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "NOT_FOUND"),
        ("PUT", "/v1/models", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/models?page_size=many", 422, "BAD_INPUT"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    """RFC 9457 everywhere, with the request's path and id."""
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"], problem["instance"]) == (code, status, path.split("?")[0])
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["type"].endswith(code.lower().replace("_", "-"))


def test_a_bug_is_told_without_its_inside(client: TestClient, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with a request id and nothing of the exception."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret path /etc/shadow")

    monkeypatch.setattr(hand.records, "jobs", broken)
    answer = client.get("/v1/validations", headers={"X-Request-ID": "mine-1"})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == "mine-1"


def test_the_catalogue_lists_everything_with_schemas(client: TestClient) -> None:
    """Every enum member is there, and parameters come with their bounds."""
    found = client.get("/v1/catalogue").json()
    assert [m["name"] for m in found["methods"]] == [m.value for m in METHODS if isinstance(m, Method)]
    assert [c["name"] for c in found["controls"]] == [c.value for c in METHODS if isinstance(c, Control)]
    assert [c["name"] for c in found["checks"]] == [c.value for c in CheckName]
    smoothgrad = next(m for m in found["methods"] if m["name"] == "smoothgrad")
    assert smoothgrad["parameters"]["properties"]["samples"]["maximum"] == 1000
    imagenet = next(p for p in found["presets"] if p["name"] == "imagenet")
    assert (imagenet["recipe"]["resize"], imagenet["recipe"]["mean"][0]) == (256, 0.485)
    assert {p["name"] for p in found["profiles"]} == {"quick", "standard", "thorough"}
    assert [c["convention"] for c in found["conventions"]] == list(ConventionName)


def test_it_is_alive_and_ready(client: TestClient, hand: Hand) -> None:
    """Readiness looks at the database and the blobs, and names the layers around what workers run."""
    assert client.get("/livez").json() == {"status": "alive"}
    ready = {"status": "ready", "database": "ok", "blobs": "ok"}
    assert client.get("/readyz").json() == {**ready, "sandbox": "no worker"}
    for owner, layers in (("w1", "rlimits+nnp"), ("w2", "rlimits+nnp"), ("w3", "takes no work: landlock: missing")):
        hand.records.beat(WorkerCard(owner=owner, device="cpu", sandbox=layers, version="1"))
    assert client.get("/readyz").json() == {**ready, "sandbox": "rlimits+nnp, takes no work: landlock: missing"}


def test_a_store_that_cannot_be_written_is_not_ready(client: TestClient, settings: ServiceSettings) -> None:
    """503 names what does not answer."""
    spool = settings.home / "blobs" / "spool"
    for file in spool.glob("*"):
        file.unlink()
    spool.rmdir() if spool.exists() else spool.parent.mkdir(exist_ok=True)
    spool.write_text("a file where a folder must be")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.json()["found"] == "none from blobs"


def test_a_broker_that_is_away_makes_it_not_ready_and_loses_nothing(settings: ServiceSettings) -> None:
    """Uploads are taken and queued all the same; readiness says which part is missing."""
    away = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0", "tick_seconds": 60.0})
    with TestClient(create_app(away)) as client:
        assert client.post("/v1/models", content=b"PK\x03\x04" + b"\0" * 20).status_code == 201
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["found"]) == (503, "none from broker")
        status = client.get("/v1/status").json()
        assert (status["mode"], status["queued_work"]) == ("distributed", 1)


def test_status_shows_workers_and_work(client: TestClient, hand: Hand, model: str) -> None:
    """The sandbox of each worker is there for people to see."""
    hand.records.beat(WorkerCard(owner="w1", device="cpu", sandbox="rlimits+nnp", version="1"))
    found = client.get("/v1/status").json()
    assert (found["mode"], found["queued_work"]) == ("embedded", 1)
    assert [(w["owner"], w["sandbox"]) for w in found["workers"]] == [("w1", "rlimits+nnp")]


def test_metrics_show_jobs_queue_and_requests(client: TestClient, done: str) -> None:
    """Labels are routes, never paths: a digest must not become a label."""
    client.get(f"/v1/validations/{done}")
    lines = client.get("/metrics").text.splitlines()
    assert 'junco_jobs_in_state{state="succeeded"} 1.0' in lines
    assert 'junco_jobs_total{event="submitted"} 1.0' in lines
    assert "junco_work_queue_depth 0.0" in lines
    assert any(line.startswith("junco_build_info{version=") for line in lines)
    wanted = 'junco_http_requests_total{method="GET",route="/v1/validations/{job_id}",status="200"}'
    assert any(line.startswith(wanted) for line in lines)
    assert done not in "".join(lines)


def test_two_apps_in_one_process_count_apart(settings: ServiceSettings, client: TestClient) -> None:
    """Each app has a registry of its own."""
    client.get("/livez")
    with TestClient(create_app(settings)) as other:
        assert 'route="/livez"' not in other.get("/metrics").text


def test_a_restart_forgets_nothing(settings: ServiceSettings, client: TestClient, done: str) -> None:
    """Another app over the same home shows the same validation and result."""
    with TestClient(create_app(settings)) as other:
        assert other.get(f"/v1/validations/{done}").json() == client.get(f"/v1/validations/{done}").json()
        assert other.get(f"/v1/validations/{done}/result").status_code == 200
