"""The API against its own document: no 500s, and every answer as declared."""

from collections.abc import Iterator

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import create_app
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture

OPERATIONS = [
    (method, path)
    for path, item in create_app(ServiceSettings()).openapi()["paths"].items()
    for method in item
    # A stream that lasts as long as its job is for test_validations to follow.
    if not path.endswith("/events")
]
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service with a model, images and a finished validation in it."""
    home = tmp_path_factory.mktemp("home")
    with TestClient(create_app(ServiceSettings(home=home)), raise_server_exceptions=False) as client:
        shelf = client.app.state.shelf
        model = client.post("/v1/models", content=MODEL_BYTES).json()["id"]
        images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}).json()["id"]
        client.post("/v1/validations", json={"model": model, "images": images, "profile": "quick"})
        Hand(shelf.records, shelf.blobs).work()
        yield client


@pytest.fixture(scope="module")
def known(served: TestClient) -> dict[str, str]:
    """Ids that exist, by the name of their path parameter."""
    job = served.get("/v1/validations").json()["validations"][0]
    model, images = job["request"]["model"], job["request"]["images"]
    return {
        "job_id": job["id"],
        "model_id": model,
        "set_id": images,
        "name": "report.html",
        "model": model,
        "images": images,
    }


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_an_operation_answers_as_declared(served: TestClient, known: dict[str, str], method: str, path: str) -> None:
    """Whatever the parameters and bodies, for ids that exist and for ids that do not."""
    operation = schemathesis.openapi.from_asgi("/openapi.json", served.app)[path][method]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: schemathesis.Case) -> None:
        (case.query or {}).pop("wait", None)  # an answer that is worth waiting for takes as long as it says
        _answer(served, case)
        if method != "delete" and (_fill(case.path_parameters, known) or _fill(case.body, known)):
            _answer(served, case)

    answers()


def _fill(given: object, known: dict[str, str]) -> bool:
    """Put ids that exist where there were others; whether there were."""
    names = [name for name in given if name in known] if isinstance(given, dict) else []
    if isinstance(given, dict):
        given.update({name: known[name] for name in names})
    return bool(names)


def _answer(served: TestClient, case: schemathesis.Case) -> None:
    response = case.call(session=served)
    case.validate_response(response, checks=CHECKS)
