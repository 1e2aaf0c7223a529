"""Plans that an inspected model cannot carry out, over HTTP: an error, or a reason, before any work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import scripted
from tests.e2e.processes import Installation
from tests.e2e.talk import Talk, stored
from tests.e2e.test_refusals import refused
from tests.truth.models import mlp, small_cnn
from tests.truth.opaque import looped

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def known(embedded: Installation, model: Path, photos: list[Path]) -> dict[str, str]:
    """Ids of a network, of one without a convolution, of a black box, and of image sets."""
    models = {"cnn": model.read_bytes(), "dense": scripted(mlp())}
    with Talk(embedded) as talk:
        ids = {name: talk.model(data).json()["id"] for name, data in models.items()}
        ids["opaque"] = talk.model(looped(small_cnn()), shape="3x32x32").json()["id"]
        return ids | {"images": talk.images(photos).json()["id"], "few": talk.images(photos[:3]).json()["id"]}


@pytest.fixture(autouse=True)
def nothing_left(known: dict[str, str], embedded: Installation) -> Iterator[None]:
    """No job, no shard and no blob more than before."""
    before = stored(embedded)
    yield
    assert stored(embedded) == before


def asked(method: str, **parameters: object) -> dict[str, Any]:
    return {"methods": [{"method": method, "parameters": parameters}]}


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        ({"target": 10}, "a class index from 0 to 9, or 'predicted'", "10"),
        (
            asked("integrated_gradients", baseline="custom", baseline_values=[0.0, 0.0, 0.0]),
            "1 baseline_values, one per channel",
            "3",
        ),
        (asked("layer_cam", layer="features.99"), "one of the model's spatial layers", "features.99"),
        (asked("lime", samples=20), "at least 51 samples for 49 segments", "20"),
        (asked("score_cam", channels=10**6), "at most 16 channels", "1000000"),
        ({"output": "scores"}, "one of 0", "scores"),
        ({"images": "few", "methods": ["pattern_net"]}, "at least 10 images", "3"),
        ({"model": "opaque", "shift": "image"}, "'range', 'checkerboard' or a number", "'image'"),
    ],
)
def test_a_plan_that_does_not_fit_the_model_is_refused(
    talk: Talk, known: dict[str, str], change: dict[str, Any], expected: str, found: str
) -> None:
    """By what inspection found: the class, the shape, the layer, the budget, the output, the images."""
    plan = {"model": "cnn", "images": "images", "profile": "quick", **change}
    plan |= {name: known[plan[name]] for name in ("model", "images")}
    problem = refused(talk.post("/v1/validations", json=plan), 422, "INVALID_PLAN")
    assert (problem["expected"], problem["found"]) == (expected, found)
    assert problem["remedy"]


@pytest.mark.parametrize(
    ("which", "method", "reason"),
    [
        ("cnn", "attention_rollout", "attention"),
        ("dense", "grad_cam", "layer"),
        ("opaque", "gradient", "gradient"),
        ("opaque", "grad_cam", "gradient"),
    ],
)
def test_a_method_without_a_meaning_for_the_model_is_told_before_any_work(
    talk: Talk, known: dict[str, str], which: str, method: str, reason: str
) -> None:
    """It is not run, which is no error; the reason stands in the plan, and no pass is spent on it."""
    costs = []
    for name in (method, "edge_detector"):
        plan = {"model": known[which], "images": known["images"], "methods": [name], "profile": "quick"}
        answer = talk.post("/v1/validations", json=plan, params={"validate_only": "true"})
        assert answer.status_code == 200, answer.text
        costs.append((answer.json()["cost"], answer.json()["plan"]["methods"][0]["unavailable"]))
    assert costs[0][0] == costs[1][0]
    assert reason in costs[0][1]
    assert talk.get(f"/v1/models/{known[which]}").json()["report"]["methods"][method]["reason"] == costs[0][1]
