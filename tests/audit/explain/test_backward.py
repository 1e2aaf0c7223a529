"""The shared pass: values, sharing, and leaving the model as it was."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

from junco.audit.explain import Pass
from junco.audit.explain.backward import Rectifier, Wants, ingredients, outputs_of, rectified
from junco.audit.explain.cams import grad_cam
from junco.audit.model import Canonical
from junco.contract.errors import InvalidPlan, ModelNotJudgeable
from tests.audit.explain.models import canonical, convnet, images, layer_sum, preactivation, seeded

EVERYTHING = Wants(gradient=True, guided=True, layers=frozenset({"1", "4"}))


def hooks(model: Canonical) -> list[int]:
    """How many hooks each module carries."""
    return [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.module.modules()]


def test_the_gradient_and_the_guided_map_of_one_layer_are_the_transposed_convolution() -> None:
    """O4: for sum relu(w * x + b) both maps are conv_transpose(1{z > 0}, w), to float64 rounding."""
    model, conv = layer_sum()
    batch = images(3, (2, 6, 6))
    made = ingredients(model, batch.x, batch.targets, wants=Wants(gradient=True, guided=True))
    on = (conv(batch.x) > 0).double()
    mask = torch.zeros_like(on)
    for i, target in enumerate(batch.targets):
        mask[i, target] = on[i, target]
    expected = conv_transpose2d(mask, conv.weight, padding=1)
    torch.testing.assert_close(made.gradient, expected, rtol=1e-12, atol=1e-12)
    assert made.guided is not None
    assert made.gradient is not None
    assert torch.equal(made.guided, made.gradient)


def test_the_guided_rule_spares_a_skip_that_reads_the_same_tensor() -> None:
    """R_in = 1{z > 0} max(R_out, 0) at each ReLU alone, re-derived by hand through a pre-activation block."""
    model, batch = preactivation(), images(3)
    made = ingredients(model, batch.x, batch.targets, wants=Wants(guided=True))
    part = dict(model.module.named_children())
    stem = part["stem"](batch.x)
    block = stem + part["conv"](part["relu"](stem))
    signal = part["fc"].weight[batch.targets][:, :, None, None].expand_as(block) / block[0, 0].numel()
    signal = signal * (block.relu() <= 6)
    signal = signal.relu() * (block > 0)
    branch = conv_transpose2d(signal, part["conv"].weight, padding=1).relu() * (stem > 0)
    expected = conv_transpose2d(signal + branch, part["stem"].weight, padding=1)
    torch.testing.assert_close(made.guided, expected, rtol=1e-12, atol=1e-12)


def test_grad_cam_is_the_weighted_sum_of_channels_at_every_layer() -> None:
    """A = relu(sum_k mean(dz/da_k) a_k), with dz/da_k from finite differences of the rest of the network."""
    model, batch = convnet(), images(2)
    parts = list(model.module.children())
    activations = nn.Sequential(*parts[:5])(batch.x)
    rest = nn.Sequential(*parts[5:])
    slopes = torch.zeros_like(activations)
    for place in range(slopes[0].numel()):
        step = torch.zeros_like(activations)
        step.view(2, -1)[:, place] = 1e-4
        climb = (rest(activations + step) - rest(activations - step)) / 2e-4
        slopes.view(2, -1)[:, place] = climb.gather(1, batch.targets[:, None])[:, 0]
    expected = (slopes.mean((2, 3), keepdim=True) * activations).sum(1, keepdim=True).relu()
    made = ingredients(model, batch.x, batch.targets, wants=EVERYTHING)
    torch.testing.assert_close(grad_cam(made.layers["4"]), expected, rtol=1e-8, atol=1e-9)
    assert grad_cam(made.layers["1"]).shape == (2, 1, 12, 12)
    assert expected.max() > 0


@pytest.mark.parametrize("wants", [EVERYTHING, Wants(guided=True), Wants(layers=frozenset({"4"})), Wants()])
def test_one_forward_pass_serves_all(wants: Wants) -> None:
    """Whatever is wanted, the first layer is called once, and what was not wanted is not made."""
    model, batch = convnet(), images()
    calls: list[Tensor] = []
    model.submodule("0").register_forward_hook(lambda module, inputs, output: calls.append(output))
    made = ingredients(model, batch.x, batch.targets, wants=wants)
    assert len(calls) == 1
    assert (made.gradient is not None, made.guided is not None) == (wants.gradient, wants.guided)
    assert set(made.layers) == wants.layers
    torch.testing.assert_close(made.logits, model(batch.x), rtol=0, atol=0)


def test_grad_cam_alone_records_nothing_below_its_layer() -> None:
    """Without a wish for input gradients the graph starts at the layer."""
    model, batch = convnet(), images()
    tracked: dict[str, bool] = {}
    for name in ("0", "6"):
        layer = model.submodule(name)
        layer.register_forward_hook(lambda _m, _i, output, name=name: tracked.update({name: output.requires_grad}))
    ingredients(model, batch.x, batch.targets, wants=Wants(layers=frozenset({"4"})))
    assert tracked == {"0": False, "6": True}


def test_each_part_is_the_same_alone_and_together() -> None:
    """Sharing a pass changes no bit."""
    model, batch = convnet(), images()
    made = ingredients(model, batch.x, batch.targets, wants=EVERYTHING)
    alone = ingredients(model, batch.x, batch.targets, wants=Wants(guided=True)).guided
    tap = ingredients(model, batch.x, batch.targets, wants=Wants(layers=frozenset({"1"}))).layers["1"]
    assert made.guided is not None
    assert alone is not None
    assert torch.equal(made.guided, alone)
    assert torch.equal(made.layers["1"].gradient, tap.gradient)
    assert torch.equal(made.layers["1"].activations, tap.activations)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_a_fixed_batch_size_is_padded_and_trimmed(size: int) -> None:
    """Five images through a graph that takes ``size`` at a time give the maps of a free batch (float64 rounding)."""
    free, fixed, batch = convnet(), convnet(batch=size), images(5)
    sizes: set[int] = set()
    fixed.submodule("0").register_forward_pre_hook(lambda module, inputs: sizes.add(len(inputs[0])))
    expected = ingredients(free, batch.x, batch.targets, wants=EVERYTHING)
    made = ingredients(fixed, batch.x, batch.targets, wants=EVERYTHING)
    assert sizes == {size}
    for name in ("logits", "gradient", "guided"):
        torch.testing.assert_close(getattr(made, name), getattr(expected, name), rtol=1e-12, atol=1e-13)
    for name, tap in made.layers.items():
        torch.testing.assert_close(tap.gradient, expected.layers[name].gradient, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(tap.activations, expected.layers[name].activations, rtol=1e-12, atol=1e-13)


def test_the_model_is_left_as_it_was_even_after_an_error() -> None:
    """No hook, mode, gradient or weight differs after a pass, nor after one that failed in the middle."""
    model, batch = convnet(), images()
    before, weights = hooks(model), {name: value.clone() for name, value in model.module.state_dict().items()}
    ingredients(model, batch.x, batch.targets, wants=EVERYTHING)
    with pytest.raises(RuntimeError):
        ingredients(model, batch.x[:, :2], batch.targets, wants=EVERYTHING)
    assert hooks(model) == before == [0] * len(before)
    assert not model.module.training
    assert not batch.x.requires_grad
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.module.parameters())
    assert all(torch.equal(weights[name], value) for name, value in model.module.state_dict().items())


def test_maps_are_made_under_no_grad_too_and_carry_no_graph() -> None:
    """A caller's no_grad neither breaks a pass nor changes it."""
    model, batch = convnet(), images()
    expected = ingredients(model, batch.x, batch.targets, wants=EVERYTHING)
    with torch.no_grad():
        made = ingredients(model, batch.x, batch.targets, wants=EVERYTHING)
    assert made.gradient is not None
    assert expected.gradient is not None
    assert torch.equal(made.gradient, expected.gradient)
    layers = [value for tap in made.layers.values() for value in (tap.activations, tap.gradient)]
    assert not any(value.requires_grad for value in (made.logits, made.gradient, *layers))


class _Detached(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach().mean((2, 3))


def test_logits_without_a_gradient_are_refused() -> None:
    """A model that stops every gradient is not judgeable, and the error says what to do."""
    batch = images()
    with pytest.raises(ModelNotJudgeable, match="cannot be differentiated") as caught:
        ingredients(canonical(_Detached()), batch.x, batch.targets, wants=Wants(gradient=True))
    assert caught.value.remedy is not None
    assert "detaching" in caught.value.remedy


def test_a_layer_without_images_carries_no_map() -> None:
    """Grad-CAM on a linear layer is a mistake of the plan, named with the shape that was found."""
    model = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 5), nn.ReLU(), nn.Linear(5, 3))))
    batch = images(2)
    with pytest.raises(InvalidPlan, match="'2' does not answer images") as caught:
        Pass(model, batch).cam("2")
    assert caught.value.found == "an output of shape [2, 5]"


def test_hooks_count_every_call_and_see_whether_anything_was_cut() -> None:
    """The rectifier fires at both ReLUs, and a watching one reports negative signals at open ReLUs."""
    model, batch = convnet(), images()
    with rectified(model.module, Rectifier(watching=True)) as rectifier:
        x = batch.x.clone().requires_grad_()
        score = model(x)[:, 0].sum()
        rectifier.on = True
        score.backward()
    assert rectifier.fired == 2
    assert rectifier.cut


def test_the_last_call_of_a_layer_counts() -> None:
    """A layer that runs twice is read where it stands nearest to the output."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.conv(x)).mean((2, 3))

    model, batch = canonical(seeded(Twice())), images()
    conv = model.submodule("conv")
    with outputs_of(model.module, frozenset({"conv"})) as seen:
        model(batch.x)
    torch.testing.assert_close(seen["conv"].detach(), conv(conv(batch.x)), rtol=0, atol=0)


def test_values_that_are_not_numbers_stay_in_place() -> None:
    """A NaN in one image's weights reaches the maps and is not hidden."""
    model, batch = convnet(), images(2)
    batch.x[1, 0, 0, 0] = float("nan")
    made = ingredients(model, batch.x, batch.targets, wants=Wants(gradient=True))
    assert made.gradient is not None
    assert made.logits[1].isnan().all()
    assert made.gradient[0].isfinite().all()
