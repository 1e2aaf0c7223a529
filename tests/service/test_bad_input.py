"""Plans that cannot be carried out are refused when they are submitted: by name, with a remedy, without a trace."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from junco.contract.model import TensorSpec
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture
from tests.service.test_models import bytes_left
from tests.storage import samples

Change = dict[str, Any]
GRADIENT, CAM, OCCLUSION, LIME = "gradient", "grad_cam", "occlusion", "lime"


@dataclass(frozen=True)
class Service:
    """A service that knows an inspected model and twelve images, or a single one."""

    client: TestClient
    hand: Hand
    settings: ServiceSettings
    plan: dict[str, Any]
    single: str

    def submit(self, plan: dict[str, Any]) -> Any:
        """As Python writes numbers, those that JSON does not have among them."""
        text = json.dumps({**self.plan, **plan})
        return self.client.post("/v1/validations", content=text, headers={"Content-Type": "application/json"})

    def stored(self) -> object:
        """Jobs, pieces of work that wait, and bytes."""
        jobs = self.client.get("/v1/validations").json()["validations"]
        return jobs, self.hand.work(), sorted(bytes_left(self.settings))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = ServiceSettings(home=Path(tmp_path_factory.mktemp("bad-input")))
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        hand = Hand(app.state.shelf.records, app.state.shelf.blobs)
        told = {"outputs": (TensorSpec(name="scores", shape=(None, 10)), TensorSpec(name="other", shape=(None, 10)))}
        known = {"output": "scores", "channels": {"conv4": 8}, **told}
        hand.report = lambda model: samples.report(model).model_copy(update=known)
        model = client.post("/v1/models", content=MODEL_BYTES).json()["id"]
        hand.work()
        sets = [
            client.post("/v1/image-sets", files=[("files", (f"{i}.png", picture(shade=i))) for i in range(count)])
            for count in (12, 1)
        ]
        plan = {"model": model, "images": sets[0].json()["id"], "profile": "quick"}
        yield Service(client, hand, settings, plan, single=sets[1].json()["id"])


def with_(method: str, **parameters: object) -> Change:
    return {"methods": [{"method": method, "parameters": parameters}]}


def refused(answer: Any) -> dict[str, Any]:
    """The problem, after a look at its form."""
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == "INVALID_PLAN"
    assert problem["type"].endswith("/invalid-plan")
    assert problem["remedy"]
    assert len(answer.content) < 5000
    return problem


MISFITS: dict[str, tuple[Change, str, str]] = {
    "a class that is not there": ({"target": 10}, "a class index from 0 to 9, or 'predicted'", "10"),
    "a class far out": ({"target": 10**30}, "a class index from 0 to 9", "1" + "0" * 30),
    "a baseline of another shape": (
        with_("integrated_gradients", baseline="custom", baseline_values=[0.1, 0.2]),
        "3 baseline_values, one per channel",
        "2",
    ),
    "a layer that does not exist": (with_(CAM, layer="conv9"), "one of the model's spatial layers", "conv9"),
    "a layer without a name": (with_(CAM, layer=""), "one of the model's spatial layers", ""),
    "a budget below LIME's unknowns": (with_(LIME, samples=10), "at least 51 samples for 49 segments", "10"),
    "a budget below SHAP's": (with_("kernel_shap", samples=10), "samples for 49 segments", "10"),
    "a budget below that of anchors": (with_("anchors", samples=100), "at least 198 samples for 49 segments", "100"),
    "a budget below RISE's cells": (with_("rise", samples=48), "at least 49 samples for masks of 7 x 7 cells", "48"),
    "more channels than there are": (with_("score_cam", channels=9), "at most 8 channels", "9"),
    "a window as large as the image": (with_(OCCLUSION, window=32), "a window of less than 32 pixels", "32"),
    "a stride that leaves gaps": (with_(OCCLUSION, window=3, stride=4), "at most the window's 3 pixels", "4"),
    "more cells than pixels": (with_("rise", side=33, samples=2000), "a side of at most 32 cells", "33"),
    "a method twice": (
        {"methods": ["smoothgrad", {"method": "smoothgrad", "parameters": {"samples": 50}}]},
        "each method and parameter set once",
        "smoothgrad twice",
    ),
    "a check that is not the plan's": (
        {"methods": [{"method": GRADIENT, "checks": ["faithfulness"]}], "checks": ["input_shift"]},
        "input_shift",
        "faithfulness",
    ),
    "an output that is not there": ({"output": "logits"}, "one of scores, other", "logits"),
    "an output that was not inspected": ({"output": "other"}, "scores", "other"),
    "two means for three channels": ({"preprocessing": {"mean": [0.1, 0.2]}}, "images [3, 32, 32]", "[0.1,0.2]"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_the_model_or_the_images(service: Service, case: str) -> None:
    """What was expected and found stands in the answer; no job, no work and no byte is left."""
    change, expected, found = MISFITS[case]
    before = service.stored()
    problem = refused(service.submit(change))
    assert expected in problem["expected"]
    assert found in problem["found"]
    assert service.stored() == before


@pytest.mark.parametrize(("method", "least"), [("pattern_net", 10), ("expected_gradients", 2)])
def test_methods_that_learn_from_more_images_than_there_are(service: Service, method: str, least: int) -> None:
    """Patterns are not fitted on one image."""
    problem = refused(service.submit({"images": service.single, "methods": [method]}))
    assert (problem["expected"], problem["found"]) == (f"at least {least} images", "1")


MISTAKES: dict[str, tuple[Change, str, str, str]] = {
    "an unknown method": ({"methods": ["gradcam"]}, "/methods/0/method", "near matches: grad_cam", '"gradcam"'),
    "a method that is no name": ({"methods": [5]}, "/methods/0", "an object", "5"),
    "no method": ({"methods": []}, "/methods", "at least 1 item", "[]"),
    "too many": ({"methods": [GRADIENT] * 33}, "/methods", "at most 32 items", '["gradient", '),
    "another method's parameter": (
        with_("lrp_epsilon", beta=1),
        "/methods/0/parameters/beta",
        "lrp_epsilon has no such parameter; it has start, epsilon",
        "1",
    ),
    "a parameter of a method without": (
        with_("attention_rollout", beta=1),
        "/methods/0/parameters/beta",
        "attention_rollout has no such parameter; it has none",
        "1",
    ),
    "a parameter out of range": (with_("smoothgrad", sigma=7), "/methods/0/parameters/sigma", "or equal to 1", "7"),
    "too few steps": (with_("integrated_gradients", steps=1), "/methods/0/parameters/steps", "or equal to 2", "1"),
    "no number": (with_(GRADIENT, beta=float("nan")), "/methods/0/parameters/beta", "than or equal to 10000", "NaN"),
    "infinity": (with_("lrp_gamma", gamma=float("inf")), "/methods/0/parameters/gamma", "equal to 1000", "Infinity"),
    "a baseline that is no number": (
        with_("integrated_gradients", baseline="custom", baseline_values=[0.0, float("nan"), 0.0]),
        "/methods/0/parameters/baseline_values/1",
        "a finite number",
        "NaN",
    ),
    "a baseline out of float32's reach": (
        with_("integrated_gradients", baseline="custom", baseline_values=[1e300] * 3),
        "/methods/0/parameters/baseline_values/0",
        "less than or equal to 1000000",
        "1e+300",
    ),
    "a baseline without values": (
        with_("integrated_gradients", baseline="custom"),
        "/methods/0/parameters",
        "goes with baseline 'custom'",
        '{"baseline": "custom"}',
    ),
    "a grid that is no square": (with_(LIME, segments=50), "/methods/0/parameters", "such as 49", '{"segments": 50}'),
    "a number of four hundred digits": (
        with_("smoothgrad", samples=10**400),
        "/methods/0/parameters/samples",
        "less than or equal to 1000",
        "1" + "0" * 50,
    ),
    "a class before the first": ({"target": -1}, "/target", "or equal to 0; or: 'predicted'", "-1"),
    "half a class": ({"target": 0.5}, "/target", "a valid integer", "0.5"),
    "a class by name": ({"target": "cat"}, "/target", "'predicted'", '"cat"'),
    "a shift out of reach": ({"shift": [1, 1e30]}, "/shift/1", "less than or equal to 1000000", "1e+30"),
    "a mean that is no number": (
        {"preprocessing": {"mean": [float("nan")]}},
        "/preprocessing/mean/0",
        "a finite number",
        "NaN",
    ),
    "a scale out of reach": ({"preprocessing": {"scale": 1e300}}, "/preprocessing/scale", "to 1000000", "1e+300"),
    "a tag that is no text": ({"labels": {"float": 3}}, "/labels/float", "a valid string", "3"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_no_plan_can_hold(service: Service, case: str) -> None:
    """A JSON pointer to the field, what it may hold, and what was given; nothing is left either."""
    change, pointer, expected, found = MISTAKES[case]
    before = service.stored()
    problem = refused(service.submit(change))
    assert problem["errors"][0]["pointer"] == pointer
    assert expected in problem["expected"]
    assert problem["found"].startswith(found)
    assert service.stored() == before


@pytest.mark.parametrize(
    ("labels", "expected", "found"),
    [
        ("[0, -1]", "whole numbers from 0", "-1"),
        ("[0, 1e3]", "a valid integer", "1000.0"),
        ("[0, NaN]", "a valid integer", "NaN"),
        ("[0, 1", "a JSON list of class numbers", "[0, 1"),
        (f"[0, {10**30}]", "whole numbers from 0", "1" + "0" * 30),
    ],
)
def test_labels_that_are_no_class_numbers(service: Service, labels: str, expected: str, found: str) -> None:
    """Refused with the images, of which nothing is kept."""
    before = service.stored()
    files = [("files", (f"{i}.png", picture(shade=90 + i))) for i in range(2)]
    answer = service.client.post("/v1/image-sets", files=files, data={"labels": labels})
    assert (answer.status_code, answer.json()["code"]) == (422, "BAD_INPUT")
    assert (answer.json()["expected"], answer.json()["found"]) == (expected, found)
    assert answer.json()["remedy"]
    assert service.stored() == before


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (with_(CAM, layer="x" * 60_000), 0),
        ({"methods": ["x" * 60_000]}, 1),
        ({"methods": [5] * 4_000}, 50),
        ({"x" * 60_000: 1}, 1),
    ],
    ids=["layer", "method", "many", "field"],
)
def test_an_answer_is_short_however_long_the_mistake(service: Service, change: Change, most: int) -> None:
    """A name is not said back at full length, nor a hundred thousand mistakes one by one."""
    answer = service.submit(change)
    assert (answer.status_code, len(answer.json().get("errors", []))) == (422, most)
    assert len(answer.content) < 70_000
    assert len(answer.json()["detail"]) <= 1001


def test_a_shift_or_scale_at_the_bound_is_taken(service: Service) -> None:
    """The bounds refuse nothing that an image could be measured by."""
    asked = {"shift": 1e6, "preprocessing": {"scale": 1e6, "mean": [-1e6], "std": [1e-6]}}
    assert service.submit(asked).status_code == 202
    service.hand.work()
