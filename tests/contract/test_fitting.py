"""Parameters that do not fit the model or the plan's images are told before any work."""

import pytest
from pydantic import ValidationError

from junco.contract.catalogue import Method
from junco.contract.errors import InvalidPlan
from junco.contract.model import ModelReport
from junco.contract.plan import Plan
from junco.contract.resolve import resolve
from tests.contract.reports import image_set, report, request


def resolved(method: Method, *, count: int = 20, model: ModelReport | None = None, **parameters: object) -> Plan:
    """The plan for one method on ``count`` images."""
    asked = request(methods=[{"method": method, "parameters": parameters}])
    return resolve(asked, model or report(), image_set(count))


def wide() -> ModelReport:
    """A model whose layers have 6 and 8 channels, ReLU between them."""
    return report(3, channels={"conv0": 4, "conv1": 6, "conv2": 8})


def test_more_channels_than_the_layer_has() -> None:
    """Counted at the layer that is named, or at the model's own choice."""
    assert resolved(Method.SCORE_CAM, model=wide(), channels=8).methods[0].parameters["channels"] == 8
    for parameters, layer, there in (({"channels": 9}, "conv2", 8), ({"channels": 7, "layer": "conv1"}, "conv1", 6)):
        with pytest.raises(InvalidPlan, match=f"channels of layer '{layer}'") as caught:
            resolved(Method.SCORE_CAM, model=wide(), **parameters)
        assert caught.value.expected == f"at most {there} channels"


@pytest.mark.parametrize("name", [Method.GRAD_CAM_PLUS_PLUS, Method.LAYER_CAM, Method.SCORE_CAM])
def test_a_layer_that_does_not_exist(name: Method) -> None:
    """With what is near to it."""
    with pytest.raises(InvalidPlan, match="'conv3', which this model does not have") as caught:
        resolved(name, model=wide(), layer="conv3")
    assert "conv2" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "name",
    [
        Method.SMOOTHGRAD,
        Method.VARGRAD,
        Method.INTEGRATED_GRADIENTS_SMOOTHGRAD,
        Method.GRADIENT_SHAP,
        Method.EXPECTED_GRADIENTS,
    ],
)
def test_one_sample_is_no_mean(name: Method) -> None:
    """Fewer than two samples are not valid."""
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        resolved(name, samples=1)


@pytest.mark.parametrize("name", [Method.GRADIENT_SHAP, Method.INTEGRATED_GRADIENTS_SMOOTHGRAD, Method.SCORE_CAM])
def test_a_baseline_has_one_value_a_channel(name: Method) -> None:
    """Five values fit no model of the test reports."""
    with pytest.raises(InvalidPlan, match="does not fit"):
        resolved(name, model=wide(), baseline="custom", baseline_values=[0.0] * 5)


def test_expected_gradients_need_two_images() -> None:
    """One image has no other to be compared with."""
    with pytest.raises(InvalidPlan, match="there are too few") as caught:
        resolved(Method.EXPECTED_GRADIENTS, count=1)
    assert (caught.value.expected, caught.value.found) == ("at least 2 images", "1")
    assert resolved(Method.EXPECTED_GRADIENTS, count=2).methods[0].label == "expected_gradients"


def test_beta_without_a_meaning_is_not_run() -> None:
    """A kink that the smoothing does not know makes the method unavailable, with the reason; without beta it is not."""
    leaky = wide().model_copy(update={"activations": {"LeakyReLU": 2}})
    soft = resolved(Method.GRADIENT, model=leaky, beta=1.0)
    found = next(method for method in soft.methods if method.parameters.get("beta"))
    assert found.unavailable == "beta is defined for ReLU only, and the model has LeakyReLU"
    assert resolved(Method.GRADIENT, model=leaky).methods[0].unavailable is None
    assert resolved(Method.GRADIENT, model=wide(), beta=1.0).methods[0].unavailable is None
    for beta in (0.0, -1.0):
        with pytest.raises(ValidationError, match="greater than 0"):
            resolved(Method.GRADIENT, beta=beta)


def test_an_unknown_quadrature() -> None:
    """The rules are a closed list."""
    with pytest.raises(ValidationError, match="'gauss_legendre', 'trapezoid'"):
        resolved(Method.INTEGRATED_GRADIENTS, quadrature="simpson")
