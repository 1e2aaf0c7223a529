"""The gradient where it is known: opposite logits, a softplus neuron, a masked input."""

import torch
from torch import Tensor, nn

from junco.audit.explain import build
from junco.contract.catalogue import Method
from tests.audit.explain.models import bound, canonical, convnet, images, seeded


class Opposite(nn.Module):
    """Two classes with z1 = -z0."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        z = self.inner(x)[:, :1]
        return torch.cat([z, -z], dim=1)


class Masked(nn.Module):
    """A model that sees the left half only."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        mask = torch.ones(1, 1, 1, 12)
        mask[..., 6:] = 0
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x * self.mask)


def test_opposite_logits_have_opposite_gradients() -> None:
    """O17: with z1 = -z0 the two classes' maps are exact negatives."""
    model = canonical(Opposite(convnet().module))
    batch = images(2)
    twice = type(batch)(batch.x[:1].repeat(2, 1, 1, 1), torch.tensor([0, 1]), (0, 1), batch.box)
    first, second = build([bound(Method.GRADIENT)], model)(model, twice, seed=0).maps["gradient"]
    assert first.abs().max() > 0
    assert torch.equal(first, -second)


def test_a_softplus_neuron_has_the_logistic_gradient() -> None:
    """O18: for log(1 + exp(beta w'x)) / beta the gradient is w sigmoid(beta w'x) (float64 rounding)."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(18, 3, bias=False), nn.Softplus(beta=4.0, threshold=1e9))
    model = canonical(seeded(net), (2, 3, 3))
    batch = images(5, (2, 3, 3))
    weight = model.submodule("1").weight[batch.targets].view(5, 2, 3, 3)
    steep = torch.sigmoid(4.0 * (weight * batch.x).sum((1, 2, 3), keepdim=True))
    found = build([bound(Method.GRADIENT)], model)(model, batch, seed=0).maps["gradient"]
    torch.testing.assert_close(found, weight * steep, rtol=1e-12, atol=1e-13)


def test_nothing_is_attributed_to_pixels_that_the_model_masks() -> None:
    """O21: gradient, its products and its means are exactly zero under a mask inside the model, and not beside it."""
    model = canonical(Masked(convnet().module))
    names = [Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.INTEGRATED_GRADIENTS, Method.SMOOTHGRAD]
    names.append(Method.GUIDED_BACKPROP)
    maps = build([bound(name) for name in names], model)(model, images(), seed=0).maps
    assert all((maps[name][..., 6:] == 0).all() for name in names)
    assert all((maps[name][..., :6] != 0).any() for name in names)
