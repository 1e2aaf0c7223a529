"""Controls: maps that a check must see through."""

import pytest
import torch
from skimage.filters import sobel as sobel_of_skimage
from torch import nn

from junco.audit.batch import Batch
from junco.audit.explain import Pass, build
from junco.audit.explain.random_network import random_weights as random_network
from junco.contract.catalogue import METHODS, Control, FixedPriorParameters, Method, Verdict, View
from tests.audit.explain.models import bound, convnet, images, seeded

BLIND = [
    Control.EDGE_DETECTOR,
    Control.GAUSSIAN_NOISE,
    Control.CONSTANT,
    Control.FIXED_PRIOR,
    Control.RANDOM_WEIGHTS,
    Control.INPUT_ONLY,
]


def test_the_edge_detector_is_the_sobel_filter_of_the_grey_image() -> None:
    """Equal to scikit-image on the mean over channels, borders included (float64 rounding)."""
    model, batch = convnet(), images()
    found = build([bound(Control.EDGE_DETECTOR)], model)(model, batch, seed=0).maps["edge_detector"]
    expected = [sobel_of_skimage(image.mean(0).numpy(), mode="nearest") for image in batch.x]
    torch.testing.assert_close(found[:, 0], torch.stack([torch.from_numpy(e) for e in expected]), rtol=1e-9, atol=1e-12)


def test_a_flat_image_has_no_edges() -> None:
    """Zero everywhere, borders too."""
    model, batch = convnet(), images(1)
    flat = Batch(torch.full_like(batch.x, 0.75), batch.targets, batch.index, batch.box)
    assert not build([bound(Control.EDGE_DETECTOR)], model)(model, flat, seed=0).maps["edge_detector"].any()


def test_edge_times_gradient_is_the_product() -> None:
    """Channel by channel, to the last bit."""
    model, batch = convnet(), images()
    names = [Control.EDGE_X_GRADIENT, Control.EDGE_DETECTOR, Method.GRADIENT]
    maps = build([bound(name) for name in names], model)(model, batch, seed=0).maps
    assert torch.equal(maps["edge_x_gradient"], maps["edge_detector"] * maps["gradient"])


@pytest.mark.parametrize("control", BLIND)
def test_blind_controls_never_ask_the_model(control: Control) -> None:
    """Another model's weights change the logits and not a bit of the map."""
    model, batch = convnet(), images()
    explain = build([bound(control)], model)
    before = explain(model, batch, seed=0)
    seeded(model.module, 99)
    after = explain(model, batch, seed=0)
    assert not torch.equal(before.logits, after.logits)
    assert torch.equal(before.maps[control], after.maps[control])


def test_the_constant_map_is_one() -> None:
    """One value, one channel, the images' size."""
    model, batch = convnet(), images(2)
    found = build([bound(Control.CONSTANT)], model)(model, batch, seed=0).maps["constant"]
    assert torch.equal(found, torch.ones(2, 1, 12, 12, dtype=torch.float64))


@pytest.mark.parametrize("width", [0.25, 1.0])
def test_the_prior_is_a_centred_gaussian(width: float) -> None:
    """A = exp(-r^2 / 2 w^2) with r in halves of the shorter side, one for all images, on odd and oblong sizes too."""
    model = convnet()
    batch = images(2, (3, 5, 9))
    method = bound(Control.FIXED_PRIOR, FixedPriorParameters(width=width))
    run = method.entry.run(Pass(model, batch), method.parameters)
    assert run[0, 0, 2, 4] == 1
    assert torch.equal(run, run.flip(2).flip(3))
    assert torch.equal(run[0], run[1])
    radius = (1.0**2 + 3.0**2) ** 0.5 / 2.5
    expected = torch.tensor(-(radius**2) / (2 * width**2), dtype=torch.float64).exp()
    torch.testing.assert_close(run[0, 0, 3, 7], expected, rtol=1e-12, atol=0)


def test_noise_differs_between_images_and_seeds_and_repeats_with_both() -> None:
    """Two images, or two seeds, share nothing; the same request gives the same map."""
    model, batch = convnet(), images(2, (3, 64, 64))
    method = bound(Control.GAUSSIAN_NOISE)
    first, other = (method.entry.run(Pass(model, batch, seed=seed), method.parameters) for seed in (0, 1))
    again = method.entry.run(Pass(model, batch, seed=0), method.parameters)
    table = torch.corrcoef(torch.cat([first, other]).flatten(1))
    assert torch.equal(first, again)
    # Five standard errors of a correlation over 4096 pixels.
    assert (table - torch.eye(4)).abs().max() < 5 / 64


def test_expected_verdicts_agree_with_what_the_maps_are() -> None:
    """Every control states a verdict, and the deterministic ones are those without noise."""
    cards = {control: METHODS[control] for control in Control}
    assert {control for control, card in cards.items() if not card.deterministic} == {Control.GAUSSIAN_NOISE}
    assert cards[Control.EDGE_X_GRADIENT].expected is Verdict.PASS
    assert cards[Control.EDGE_X_GRADIENT].view is View.SIGNED


def test_the_input_alone_is_its_magnitude() -> None:
    """|x| channel by channel, unsigned, expected to fail."""
    model, batch = convnet(), images(2)
    moved = Batch(batch.x - 0.5, batch.targets, batch.index, batch.box)
    found = build([bound(Control.INPUT_ONLY)], model)(model, moved, seed=0).maps["input_only"]
    assert torch.equal(found, (batch.x - 0.5).abs())
    assert METHODS[Control.INPUT_ONLY].expected is Verdict.FAIL
    assert not METHODS[Control.INPUT_ONLY].gradients


def test_random_weights_are_the_gradient_of_an_untrained_network() -> None:
    """It is a gradient of image and class, correlated with the trained network's no more than by chance."""
    model, batch = convnet(), images(3)
    names = [Control.RANDOM_WEIGHTS, Method.GRADIENT]
    maps = build([bound(name) for name in names], model)(model, batch, seed=0).maps
    other = Batch(batch.x, batch.targets + 1, batch.index, batch.box)
    elsewhere = build([bound(Control.RANDOM_WEIGHTS)], model)(model, other, seed=5).maps["random_weights"]
    assert not torch.equal(elsewhere, maps["random_weights"])
    both = torch.stack([maps[name].flatten() for name in names])
    # 1296 values, neighbours under one filter correlated: a tenth is beyond any trained network's own resemblance.
    assert torch.corrcoef(both)[0, 1].abs() < 0.1
    assert METHODS[Control.RANDOM_WEIGHTS].expected is Verdict.FAIL


class Everything(nn.Module):
    """A parameter of every kind that the random network draws for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.slope = nn.PReLU()
        self.token = nn.Parameter(torch.full((1, 8, 1, 1), 5.0))
        self.fc = nn.Linear(8, 4)


def test_every_kind_of_weight_is_drawn_for_a_while() -> None:
    """He-normal weights, zero biases, neutral norms, small tokens; afterwards all is as it was, also after an error."""
    net = seeded(Everything(), bias=1.0).double().eval()
    net.norm.running_mean.fill_(3.0)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with random_network(net, seed=0):
        first = net.conv.weight.clone()
        assert abs(net.conv.weight.std().item() / (2 / 27) ** 0.5 - 1) < 0.2
        assert not net.conv.bias.any()
        assert torch.equal(net.norm.weight, torch.ones(8, dtype=torch.float64))
        assert not net.norm.running_mean.any()
        assert net.slope.weight.item() == 0.25
        assert net.token.abs().max() < 0.1
    with random_network(net.float(), seed=0):
        assert torch.equal(net.conv.weight.double(), first.float().double())
    net.double()
    net.load_state_dict(before)
    with pytest.raises(ZeroDivisionError), random_network(net, seed=1):
        raise ZeroDivisionError
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name
