"""Guided Backpropagation: where its rule is defined."""

import pytest
import torch
from torch import nn

from junco.audit.explain import build, refusal
from junco.audit.explain.methods.guided_backprop import no_guided_rule
from junco.audit.model import Canonical
from junco.contract.catalogue import Method
from tests.audit.explain.models import bound, canonical, convnet, images, preactivation, seeded


def with_activation(activation: nn.Module) -> Canonical:
    """A convolution, ReLU, ``activation`` and a linear layer."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), activation, nn.Flatten(), nn.Linear(400, 3))
    return canonical(seeded(net), spatial=("0",))


@pytest.mark.parametrize(
    ("activation", "name"),
    [(nn.GELU(), "GELU"), (nn.SiLU(), "SiLU"), (nn.Sigmoid(), "Sigmoid"), (nn.LeakyReLU(), "LeakyReLU")],
)
@pytest.mark.parametrize("method", [Method.GUIDED_BACKPROP, Method.GUIDED_GRAD_CAM])
def test_an_activation_without_a_rule_refuses_the_method_by_name(
    activation: nn.Module, name: str, method: Method
) -> None:
    """The reason names the activation."""
    assert refusal(bound(method), with_activation(activation)) == (
        f"the guided rule is defined for ReLU only, and the model has {name}"
    )


def test_relu6_and_pooling_are_admitted() -> None:
    """ReLU with a ceiling and max pooling have a rule, under the names that inspection gives them."""
    assert no_guided_rule(preactivation()) is None
    kinds = {"ReLU": 3, "Min6": 2, "Ceiling": 1, "MaxPool2d": 1, "GELU": 0}
    assert no_guided_rule(Canonical(**{**vars(convnet()), "activations": kinds})) is None


def test_a_model_without_a_relu_is_refused() -> None:
    """Without a ReLU the rule would return the plain gradient."""
    net = canonical(seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 3))))
    assert no_guided_rule(net) == "the guided rule changes nothing in a model without a ReLU"


def test_it_is_the_chain_of_guided_layers() -> None:
    """Two dense layers by hand: R = W1' (1{z1 > 0} max(W2' (1{z2 > 0} max(v, 0)), 0)) (float64 rounding)."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 3))
    model, batch = canonical(seeded(net), (3, 2, 2)), images(4, (3, 2, 2))
    first, second, last = (model.submodule(name) for name in ("1", "3", "5"))
    found = build([bound(Method.GUIDED_BACKPROP)], model)(model, batch, seed=0).maps["guided_backprop"]
    for x, target, row in zip(batch.x, batch.targets, found, strict=True):
        z1 = first.weight @ x.flatten() + first.bias
        z2 = second.weight @ z1.clamp(min=0) + second.bias
        signal = last.weight[target].clamp(min=0) * (z2 > 0)
        signal = (second.weight.T @ signal).clamp(min=0) * (z1 > 0)
        torch.testing.assert_close(row.flatten(), first.weight.T @ signal, rtol=1e-12, atol=1e-13)
