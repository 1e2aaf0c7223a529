"""Excitation Backprop: probabilities at a hidden layer."""

import numpy as np
import pytest
import torch
from torch import nn

from junco.audit.explain.registry import REGISTRY
from junco.contract.catalogue import ExcitationParameters, Method
from junco.contract.errors import InvalidPlan
from tests.audit.explain.models import canonical, images, seeded
from tests.audit.explain.rules import by_hand, nets


def net() -> nn.Sequential:
    """Two convolutions and a classifier, without biases; maxima between."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(96, 4, bias=False),
    )  # fmt: skip


def test_it_is_a_probability_at_every_layer() -> None:
    """Not negative, sums to 1 at whatever layer it is read, to 1e-12 in float64."""
    model = canonical(seeded(net(), 2), nets.SHAPE, spatial=("1", "2", "4"))
    batch = images(4, nets.SHAPE)
    for layer in ("1", "2", "4"):
        maps = nets.drawn(model, batch, Method.EXCITATION_BACKPROP, layer=layer)
        assert maps.shape == (4, 1, *((8, 8) if layer == "1" else (4, 4)))
        assert maps.min() >= 0
        torch.testing.assert_close(maps.sum((1, 2, 3)), torch.ones(4).double(), rtol=1e-12, atol=0)


def test_it_is_the_papers_formula() -> None:
    """P_i = sum_j a_i w+_ij / sum_i a_i w+_ij P_j by loops, from 1 at the target to the pooled activations."""
    layers = list(seeded(net(), 2).double())
    model = canonical(nn.Sequential(*layers), nets.SHAPE, spatial=("1", "2", "4"))
    batch = images(3, nets.SHAPE)
    found = nets.drawn(model, batch, Method.EXCITATION_BACKPROP, layer="2")
    with torch.no_grad():
        pooled = nn.Sequential(*layers[:3])(batch.x)
    for i in range(3):
        groups = [[layers[3]], layers[5:]]
        expected = by_hand.back(groups, pooled[i], int(batch.targets[i]), [by_hand.z_plus] * 2, start=1.0)
        np.testing.assert_allclose(found[i, 0].numpy(), expected.reshape(4, 4, 4).sum(0), rtol=1e-9, atol=1e-12)


def test_the_default_layer_keeps_an_eighth_of_the_side() -> None:
    """The last one that does: the second ReLU of a net whose maps are 8 and 4 wide, for an image of 8."""
    model, batch = canonical(seeded(net(), 2), nets.SHAPE, spatial=("1", "2", "4")), images(2, nets.SHAPE)
    default = nets.drawn(model, batch, Method.EXCITATION_BACKPROP)
    named = nets.drawn(model, batch, Method.EXCITATION_BACKPROP, layer="4")
    assert torch.equal(default, named)


def test_a_convolution_with_a_norm_behind_it_is_read_behind_the_norm() -> None:
    """They are one layer, whose output is the norm's."""
    made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4, bias=False))
    model, batch = canonical(seeded(made), nets.SHAPE, spatial=("0", "1", "2")), images(2, nets.SHAPE)
    at = [nets.drawn(model, batch, Method.EXCITATION_BACKPROP, layer=layer) for layer in "012"]
    assert torch.equal(at[0], at[1])
    torch.testing.assert_close(at[1], at[2], rtol=1e-12, atol=0)


def test_an_unknown_layer_is_refused() -> None:
    """With the names that come near."""
    model = canonical(seeded(net()), nets.SHAPE, spatial=("1", "2", "4"))
    with pytest.raises(InvalidPlan, match="no spatial layer named 'conv9'"):
        REGISTRY[Method.EXCITATION_BACKPROP].refuses(model, ExcitationParameters(layer="conv9"))
