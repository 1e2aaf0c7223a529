"""Further models in a plan over HTTP: each refusal, by its status, code and place, and before anything is stored."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from junco.contract.errors import ModelUnreadable
from junco.storage import Inspected
from tests.service.hand import Hand, archive
from tests.storage.samples import report

OTHER_BYTES = archive({"model/data.pkl": b"another model"})
UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def other(client: TestClient) -> str:
    """A second model, not inspected yet."""
    return str(client.post("/v1/models?name=other", content=OTHER_BYTES).json()["id"])


def asked(plan: dict[str, Any], *references: str, **more: object) -> dict[str, Any]:
    """A plan that names references."""
    return {**plan, "checks": ["model_manipulation"], "reference_models": references, **more}


def refused(client: TestClient, plan: dict[str, Any]) -> tuple[int, str, list[str]]:
    """Status, code and pointers: the same for a submission and for validate_only; no job is there afterwards."""
    found = []
    for only in ("true", "false"):
        answer = client.post("/v1/validations", json=plan, params={"validate_only": only})
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        found.append((answer.status_code, told["code"], [error["pointer"] for error in told["errors"]]))
    assert found[0] == found[1]
    assert client.get("/v1/validations").json()["validations"] == []
    return found[0]


def inspect(hand: Hand, **changes: object) -> None:
    """Every inspection that waits; the second model is found to be as ``changes`` say."""
    while (claim := hand.records.claim_next("hand")) is not None:
        found = report(claim.model)
        beside = hand.records.model(claim.model).name == "other"
        assert hand.records.complete(claim, Inspected(found.model_copy(update=changes) if beside else found))


def test_an_unknown_model_beside_is_not_found(client: TestClient, hand: Hand, plan: dict[str, Any]) -> None:
    """As an unknown model is; for labels as well as for references."""
    inspect(hand)
    assert refused(client, asked(plan, UNKNOWN))[:2] == (404, "NOT_FOUND")
    labels = {"permuted": UNKNOWN, "labels": [0] * 12}
    assert refused(client, {**plan, "checks": ["data_randomization"], "label_models": labels})[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("changes", [{"classes": 3}, {"inputs": report(shape=(1, 32, 32)).inputs}])
def test_a_model_of_another_kind_is_refused(
    client: TestClient, hand: Hand, plan: dict[str, Any], other: str, changes: dict[str, Any]
) -> None:
    """422 MODELS_DIFFER at the field that names it."""
    inspect(hand, **changes)
    assert refused(client, asked(plan, other)) == (422, "MODELS_DIFFER", ["/reference_models/0"])


def test_another_architecture_is_refused_for_labels(
    client: TestClient, hand: Hand, plan: dict[str, Any], other: str
) -> None:
    """One layer fewer than the model that is judged has."""
    inspect(hand, layers=report().layers[:-1])
    named = {**plan, "checks": ["data_randomization"], "label_models": {"permuted": other, "labels": [0] * 12}}
    assert refused(client, named) == (422, "MODELS_DIFFER", ["/label_models/permuted"])


def test_a_model_beside_itself_is_refused(client: TestClient, hand: Hand, plan: dict[str, Any], model: str) -> None:
    """422 INVALID_PLAN."""
    inspect(hand)
    assert refused(client, asked(plan, model)) == (422, "INVALID_PLAN", ["/reference_models/0"])


def test_a_rejected_model_beside_is_refused_with_its_own_code(
    client: TestClient, hand: Hand, plan: dict[str, Any], other: str
) -> None:
    """What inspection said of it, and where the plan names it."""
    while (claim := hand.records.claim_next("hand")) is not None:
        if claim.model == other:
            hand.records.fail(claim, ModelUnreadable("No.").problem(), retry=False)
        else:
            hand.records.complete(claim, Inspected(report(claim.model)))
    assert refused(client, asked(plan, other))[:2] == (422, "MODEL_UNREADABLE")
    told = client.post("/v1/validations", json=asked(plan, other)).json()["detail"]
    assert told == "The model at /reference_models/0: No."


def test_a_plan_with_a_model_beside_waits_and_then_runs(
    client: TestClient, hand: Hand, plan: dict[str, Any], other: str
) -> None:
    """No preview while either inspection is under way; a submission waits for both, and the model cannot be deleted."""
    wanted = asked(plan, other)
    answer = client.post("/v1/validations", json=wanted, params={"validate_only": "true"})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    path = client.post("/v1/validations", json=wanted).headers["location"]
    answer = client.delete(f"/v1/models/{other}")
    assert (answer.status_code, answer.json()["code"]) == (409, "IN_USE")
    hand.work()
    done = client.get(path).json()
    assert (done["state"], done["plan"]["reference_models"]) == ("succeeded", [other])
    assert client.delete(f"/v1/models/{other}").status_code == 204
