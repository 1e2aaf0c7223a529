"""From a plan's methods to one explainer."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from junco.audit.batch import Batch
from junco.audit.explain import Bound, build, capabilities, refusal
from junco.audit.explain.explainer import placed
from junco.audit.model import Canonical
from junco.contract.catalogue import (
    METHODS,
    Control,
    ExpectedGradientsParameters,
    Family,
    GradientShapParameters,
    IntegratedGradientsParameters,
    IntegratedGradientsSmoothGradParameters,
    Method,
    NoParameters,
    SmoothGradParameters,
    VarGradParameters,
    View,
)
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import ALL, bound, brief, canonical, convnet, images, seeded

SINGLE = (
    Method.GRADIENT,
    Method.INPUT_X_GRADIENT,
    Method.GUIDED_BACKPROP,
    Method.GRAD_CAM,
    Method.GRAD_CAM_PLUS_PLUS,
    Method.LAYER_CAM,
    Method.GUIDED_GRAD_CAM,
    Control.EDGE_X_GRADIENT,
)


def everything() -> list[Bound]:
    """Every method and control that a ReLU network allows, the long ones shortened."""
    short = {
        Method.SMOOTHGRAD: SmoothGradParameters(samples=7),
        Method.VARGRAD: VarGradParameters(samples=7),
        Method.INTEGRATED_GRADIENTS: IntegratedGradientsParameters(steps=9),
        Method.INTEGRATED_GRADIENTS_SMOOTHGRAD: IntegratedGradientsSmoothGradParameters(samples=2, steps=3),
        Method.GRADIENT_SHAP: GradientShapParameters(samples=5),
        Method.EXPECTED_GRADIENTS: ExpectedGradientsParameters(samples=5),
    }
    every = [bound(name, short[name]) if name in short else brief(name) for name in ALL]
    return [method for method in every if refusal(method, convnet()) is None]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_no_map_depends_on_the_batch_size(batch_size: int) -> None:
    """All maps and logits of seven images agree to float64 rounding, however they are split."""
    model, batch = convnet(), images(7)
    expected = build(everything(), model, batch_size=7)(model, batch, seed=3)
    found = build(everything(), model, batch_size=batch_size)(model, batch, seed=3)
    torch.testing.assert_close(dict(found.maps), dict(expected.maps), rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(found.logits, expected.logits, rtol=1e-12, atol=1e-13)


def test_no_map_depends_on_the_order_of_images() -> None:
    """A permuted batch gives permuted maps."""
    model, batch = convnet(), images(7)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    mixed = replace(
        batch, x=batch.x[order], targets=batch.targets[order], index=tuple(batch.index[i] for i in order.tolist())
    )
    explain = build(everything(), model, batch_size=4)
    expected, found = explain(model, batch, seed=3), explain(model, mixed, seed=3)
    for label, maps in found.maps.items():
        torch.testing.assert_close(maps, expected.maps[label][order], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("size", [1, 3])
def test_a_fixed_batch_size_changes_no_map(size: int) -> None:
    """A graph that takes ``size`` images at a time explains like one that takes any number."""
    free, fixed, batch = convnet(), convnet(batch=size), images(4)
    expected = build(everything(), free)(free, batch, seed=3)
    found = build(everything(), fixed)(fixed, batch, seed=3)
    torch.testing.assert_close(dict(found.maps), dict(expected.maps), rtol=1e-11, atol=1e-12)


def test_asking_for_more_methods_changes_none_of_them() -> None:
    """Every method's map alone equals its map among all, to the last bit."""
    model, batch = convnet(), images()
    together = build(everything(), model)(model, batch, seed=3)
    for method in everything():
        alone = build([method], model)(model, batch, seed=3)
        assert torch.equal(alone.maps[method.label], together.maps[method.label]), method.label


def test_single_pass_methods_share_one_forward_pass() -> None:
    """Gradient, its products, Guided Backpropagation and the gradient-weighted CAMs call the model once a batch."""
    model, batch, calls = convnet(), images(), []
    single = [bound(name) for name in SINGLE]
    model.submodule("0").register_forward_hook(lambda module, inputs, output: calls.append(len(output)))
    build(single, model, batch_size=3)(model, batch, seed=0)
    assert calls == [3, 2]


def test_maps_come_in_the_models_precision_without_a_graph() -> None:
    """A float32 model gives float32 maps for float64 images."""
    model, batch = convnet(dtype=torch.float32), images()
    made = build(everything(), model)(model, batch, seed=0)
    assert {maps.dtype for maps in made.maps.values()} == {made.logits.dtype} == {torch.float32}
    assert not any(maps.requires_grad for maps in made.maps.values())
    assert placed(batch, model).x.dtype == torch.float32


def test_images_go_where_a_model_without_parameters_wants_them() -> None:
    """Buffers tell the precision when there is no parameter, and the images themselves when there is neither."""
    batch = images()
    assert placed(batch, canonical(nn.Flatten())).x.dtype == torch.float64
    frozen = nn.BatchNorm2d(3, affine=False)
    net = canonical(nn.Sequential(frozen, nn.Flatten()), dtype=torch.float32)
    assert placed(batch, net).x.dtype == torch.float32


def test_float32_maps_stay_close_to_float64_maps() -> None:
    """Single-pass methods agree to 1e-4 of their largest value where no ReLU sits on its kink."""
    exact, fast, batch = convnet(), convnet(dtype=torch.float32), images()
    names = [Method.GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM, Method.INPUT_X_GRADIENT]
    expected = build([bound(name) for name in names], exact)(exact, batch, seed=0).maps
    found = build([bound(name) for name in names], fast)(fast, batch, seed=0).maps
    for name in names:
        torch.testing.assert_close(
            found[name].double(), expected[name], rtol=0, atol=1e-4 * expected[name].abs().max().item()
        )


def test_traits_come_from_the_catalogue() -> None:
    """A check learns the view, whether asking twice agrees, and which are controls."""
    traits = build(everything(), convnet()).traits
    assert {label for label, trait in traits.items() if trait.control} == set(Control)
    random = {label for label, trait in traits.items() if not trait.deterministic}
    assert {"smoothgrad", "vargrad", "gradient_shap", "expected_gradients", "gaussian_noise"} <= random
    assert not random & {str(name) for name in SINGLE}
    views = {method.label: METHODS[method.name].view for method in everything()}
    assert {label: trait.view for label, trait in traits.items()} == views
    assert traits["grad_cam"].view is View.UNSIGNED


def test_one_method_may_appear_twice_under_two_labels() -> None:
    """Two noise scales are two rows of a report; the same label twice is a mistake."""
    model, batch = convnet(), images()
    narrow = bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=5, sigma=0.01), label="narrow")
    wide = bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=5, sigma=0.5), label="wide")
    maps = build([narrow, wide], model)(model, batch, seed=0).maps
    assert not torch.equal(maps["narrow"], maps["wide"])
    with pytest.raises(InvalidPlan, match="more than one method: narrow"):
        build([narrow, replace(wide, label="narrow")], model)


def test_parameters_of_another_method_are_refused() -> None:
    """The error names both parameter models."""
    with pytest.raises(InvalidPlan, match="another method's parameters") as caught:
        build([bound(Method.SMOOTHGRAD, NoParameters())], convnet())
    assert (caught.value.expected, caught.value.found) == ("SmoothGradParameters", "NoParameters")


def gelu_net() -> Canonical:
    """A perceptron with GELU."""
    return canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 5), nn.GELU(), nn.Linear(5, 3))))


def test_a_refused_method_is_never_built() -> None:
    """Building says why, in the words of the refusal."""
    method = bound(Method.GUIDED_BACKPROP)
    reason = refusal(method, gelu_net())
    assert reason is not None
    with pytest.raises(InvalidPlan, match=reason):
        build([method], gelu_net())


def test_capabilities_list_every_method() -> None:
    """A ReLU network with images inside lacks attention only; a GELU perceptron the guided and the CAM methods too."""
    attention = dict.fromkeys((Method.ATTENTION_ROLLOUT, Method.ATTENTION_RELEVANCE), "the graph shows no attention")
    assert capabilities(convnet()) == dict.fromkeys(Method) | attention
    lacking = {name for name, reason in capabilities(gelu_net()).items() if reason}
    cams = {name for name in Method if METHODS[name].family is Family.CAM}
    assert lacking >= {Method.GUIDED_BACKPROP, *cams, *attention}
    assert not lacking & {name for name in Method if METHODS[name].family is Family.GRADIENT}


def test_values_that_are_not_numbers_are_left_for_the_checks_to_count() -> None:
    """One broken image spoils its own maps only, and no error hides it."""
    model, batch = convnet(), images(3)
    batch.x[1, 0, 0, 0] = float("nan")
    maps = build([bound(Method.GRADIENT), bound(Method.INPUT_X_GRADIENT)], model)(model, batch, seed=0).maps
    assert maps["input_x_gradient"][1].isnan().any()
    assert all(torch.isfinite(m[[0, 2]]).all() for m in maps.values())


def test_a_batch_keeps_what_it_is_told() -> None:
    """Explaining alters neither images nor targets."""
    model, batch = convnet(), images()
    kept = Batch(batch.x.clone(), batch.targets.clone(), batch.index, batch.box)
    build(everything(), model)(model, batch, seed=0)
    assert torch.equal(batch.x, kept.x)
    assert torch.equal(batch.targets, kept.targets)
