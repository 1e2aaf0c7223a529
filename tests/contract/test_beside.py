"""Models beside the plan's own: who names them, who needs them, and which are refused."""

from typing import Any

import pytest

from junco.contract.base import digest_of
from junco.contract.beside import named, needed
from junco.contract.catalogue import CheckName
from junco.contract.errors import InvalidPlan, ModelsDiffer
from junco.contract.model import LayerReport, ModelReport, TensorSpec
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.contract.resolve import resolve
from tests.contract.reports import MODEL, image_set, report, request

PERMUTED, TWIN, HONEST = (digest_of(name) for name in (b"permuted", b"twin", b"honest"))
LABELS, REFERENCES = CheckName.DATA_RANDOMIZATION, CheckName.MODEL_MANIPULATION


def both(**fields: Any) -> PlanRequest:
    """A request that names models for both checks, one of them twice."""
    given = {
        "checks": [LABELS, REFERENCES],
        "label_models": {"permuted": PERMUTED, "labels": (0,) * 200, "twin": TWIN},
        "reference_models": (HONEST, TWIN, HONEST),
    }
    return request(**given | fields)


def planned(asked: PlanRequest, **beside: ModelReport) -> Plan:
    """The plan, with these reports by the model's name."""
    named_by = {digest_of(name.encode()): found for name, found in beside.items()}
    return resolve(asked, report(), image_set(200), beside=named_by)


def conv(parameters: int = 10) -> LayerReport:
    """One layer."""
    return LayerReport(name="conv", kind="Conv2d", parameters=parameters, shape=(1, 10))


def test_every_model_is_named_by_its_place_in_the_request() -> None:
    """JSON pointers, absent ones left out."""
    assert named(both()) == {
        "/label_models/permuted": PERMUTED, "/label_models/twin": TWIN,
        "/reference_models/0": HONEST, "/reference_models/1": TWIN, "/reference_models/2": HONEST,
    }  # fmt: skip
    alone = both(label_models={"permuted": PERMUTED, "labels": (0,)}, reference_models=())
    assert named(alone) == {"/label_models/permuted": PERMUTED}
    assert named(request()) == {}


def test_a_check_needs_its_own_models_each_once() -> None:
    """No other check needs any."""
    plan = planned(both())
    assert needed(plan, LABELS) == (PERMUTED, TWIN)
    assert needed(plan, REFERENCES) == (HONEST, TWIN)
    assert needed(plan, CheckName.INPUT_SHIFT) == ()
    assert needed(resolve(request(checks=[LABELS]), report(), image_set(200)), LABELS) == ()


DIFFERENT: dict[str, tuple[str, dict[str, Any], str]] = {
    "inputs": ("permuted", {"inputs": (TensorSpec(name="x", shape=(None, 3, 32, 48)),)}, "[3, 32, 48]"),
    "classes": ("honest", {"classes": 11}, "11 classes"),
    "fewer layers": ("permuted", {"layers": report(5).layers}, "5 layers"),
    "another layer": (
        "twin",
        {"layers": (*report(2).layers, conv(11), *report(3).layers)},
        "layer 3: Conv2d [1, 10] of 11 parameters",
    ),
    "no graph": ("twin", {"executor": "onnxruntime"}, "onnxruntime"),
}


@pytest.mark.parametrize("which", DIFFERENT)
def test_a_model_of_another_kind_is_refused_with_its_place(which: str) -> None:
    """Sides, classes; for data_randomization layers, too: those of one graph take the other's weights."""
    name, changed, found = DIFFERENT[which]
    with pytest.raises(ModelsDiffer) as caught:
        planned(both(), **{name: report().model_copy(update=changed)})
    assert (caught.value.code, caught.value.status) == ("MODELS_DIFFER", 422)
    assert found in str(caught.value.found)
    (field,) = caught.value.errors
    assert named(both())[field.pointer] == digest_of(name.encode())


def test_a_reference_may_be_built_otherwise() -> None:
    """It is compared by its maps: input and classes are enough."""
    plan = planned(both(), honest=report(3, executor="onnxruntime"), twin=report(), permuted=report())
    assert plan.reference_models == (HONEST, TWIN), "one that is named twice counts once"


def test_layers_do_not_matter_to_a_judged_model_without_a_graph() -> None:
    """Nothing is compared then: the check is not run, and the plan says why."""
    judged = report(executor="onnxruntime")
    plan = resolve(both(), judged, image_set(200), beside={PERMUTED: report(3)})
    assert LABELS in plan.skipped


def test_the_output_that_is_explained_is_one_that_the_other_has() -> None:
    """Where the judged model has it, and the plan asks for it."""
    asked, judged = both(output="scores"), report(output="scores")
    with pytest.raises(ModelsDiffer, match="of another kind") as caught:
        resolve(asked, judged, image_set(200), beside={HONEST: report(output="features")})
    assert (caught.value.expected, caught.value.found) == ("output scores", "output features")
    assert resolve(asked, judged, image_set(200), beside={HONEST: judged}).output == "scores"


@pytest.mark.parametrize(
    "given",
    [
        {"label_models": {"permuted": PERMUTED, "labels": (0,) * 200, "twin": MODEL}},
        {"label_models": {"permuted": MODEL, "labels": (0,) * 200}},
        {"reference_models": (HONEST, MODEL)},
    ],
)
def test_a_model_is_not_compared_with_itself(given: dict[str, Any]) -> None:
    """As its own twin it would let every method pass; without any report, since digests tell."""
    with pytest.raises(InvalidPlan, match="its own model"):
        planned(both(**given))


@pytest.mark.parametrize(("run", "idle"), [(LABELS, "/reference_models/0"), (REFERENCES, "/label_models/permuted")])
def test_a_model_for_a_check_that_is_not_run_is_refused(run: CheckName, idle: str) -> None:
    """It would be ignored in silence."""
    with pytest.raises(InvalidPlan, match="does not run") as caught:
        planned(both(checks=[run]))
    assert [field.pointer for field in caught.value.errors] == [idle]
