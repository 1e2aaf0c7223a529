"""Grad-CAM and Guided Grad-CAM: layers, resolution, refusals."""

import pytest
import torch
from torch import nn

from junco.audit.explain import build, refusal
from junco.contract.catalogue import CamParameters, Method
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import SumPool, bound, canonical, convnet, images, seeded


def test_under_global_pooling_it_is_the_class_activation_map() -> None:
    """With z_c = sum_ij a_c,ij the weights are 1 for the class and 0 otherwise: the map is relu(a_c) itself."""
    net = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, stride=2), SumPool())
    model, batch = canonical(seeded(net), spatial=("0",)), images()
    found = build([bound(Method.GRAD_CAM)], model)(model, batch, seed=0).maps["grad_cam"]
    activations = model.submodule("0")(batch.x)
    expected = torch.stack([activations[i, target].relu() for i, target in enumerate(batch.targets)])[:, None]
    assert found.shape == (5, 1, 6, 6)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_a_user_may_name_another_layer() -> None:
    """The default is the last spatial layer; another gives its own resolution, and both fit in one explainer."""
    model, batch = convnet(), images()
    early = bound(Method.GRAD_CAM, CamParameters(layer="1"), label="early")
    maps = build([bound(Method.GRAD_CAM), early], model)(model, batch, seed=0).maps
    named = build([bound(Method.GRAD_CAM, CamParameters(layer="4"))], model)(model, batch, seed=0).maps
    assert torch.equal(maps["grad_cam"], named["grad_cam"])
    assert (maps["grad_cam"].shape[2:], maps["early"].shape[2:]) == ((6, 6), (12, 12))


@pytest.mark.parametrize("method", [Method.GRAD_CAM, Method.GUIDED_GRAD_CAM])
def test_an_unknown_layer_is_a_mistake_of_the_plan(method: Method) -> None:
    """The error names the layer and what is near to it."""
    net = nn.Sequential()
    net.add_module("features_conv", nn.Conv2d(3, 3, 3))
    net.add_module("features_relu", nn.ReLU())
    net.add_module("pool", SumPool())
    model = canonical(seeded(net), spatial=("features_conv", "features_relu"))
    with pytest.raises(InvalidPlan, match="no spatial layer named 'feature_conv'") as caught:
        build([bound(method, CamParameters(layer="feature_conv"))], model)
    assert caught.value.remedy is not None
    assert caught.value.remedy.startswith("name one of: features_conv")


def test_a_model_without_images_inside_is_refused() -> None:
    """A multilayer perceptron has no layer to read, and says so."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 5), nn.ReLU(), nn.Linear(5, 3))))
    reason = "the model has no layer whose output is an image"
    assert refusal(bound(Method.GRAD_CAM), model) == refusal(bound(Method.GUIDED_GRAD_CAM), model) == reason


def test_without_a_last_spatial_layer_the_user_is_asked() -> None:
    """Where inspection could not choose, a named layer still works."""
    model = convnet()
    undecided = type(model)(**{**vars(model), "cam_layer": None})
    assert "name it in the parameter 'layer'" in (refusal(bound(Method.GRAD_CAM), undecided) or "")
    assert refusal(bound(Method.GRAD_CAM, CamParameters(layer="1")), undecided) is None


def test_guided_grad_cam_is_the_product_of_both() -> None:
    """Upsampling by two with half-pixel centres blends 3/4 and 1/4 of neighbours along each axis, edges repeated."""
    model, batch = convnet(), images()
    names = (Method.GUIDED_GRAD_CAM, Method.GUIDED_BACKPROP, Method.GRAD_CAM)
    maps = build([bound(name) for name in names], model)(model, batch, seed=0).maps
    blend = torch.zeros(12, 6, dtype=torch.float64)
    for row in range(12):
        near, far = row // 2, row // 2 + (1 if row % 2 else -1)
        blend[row, near] += 0.75
        blend[row, min(max(far, 0), 5)] += 0.25
    large = blend @ maps["grad_cam"] @ blend.T
    torch.testing.assert_close(maps["guided_grad_cam"], maps["guided_backprop"] * large, rtol=1e-12, atol=1e-13)
    assert maps["guided_grad_cam"].abs().max() > 0
