import pytest
import torch
from torch import Tensor, fx, nn

from junco.audit.graph.depthwise import Depthwise, with_sliced_depthwise


def _x(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def _both(layer: nn.Conv2d, x: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    signal = None
    found = []
    for function in (layer, Depthwise.of(layer)):
        leaf = x.clone().requires_grad_()
        answer = function(leaf)
        signal = torch.linspace(-1, 1, answer.numel(), dtype=x.dtype).view_as(answer)
        (gradient,) = torch.autograd.grad(answer, leaf, signal)
        found.append((answer.detach(), gradient))
    return tuple(found)


@pytest.mark.parametrize("size", [(11, 14), (12, 9)])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [(3, 1, 1, 1), (5, 2, 0, 1), (3, 2, 1, 2), ((3, 1), (1, 2), (2, 0), 1), (1, 3, 0, 1)],
)
def test_answers_and_gradients_are_torchs_own(size, kernel, stride, padding, dilation) -> None:
    """To rounding, with a bias, for sizes that the stride does not divide."""
    layer = nn.Conv2d(4, 4, kernel, stride, padding, dilation, groups=4, dtype=torch.float64).requires_grad_(False)
    (answer, gradient), (sliced, through) = _both(layer, _x(3, 4, *size))
    torch.testing.assert_close(sliced, answer, rtol=0, atol=1e-14)
    torch.testing.assert_close(through, gradient, rtol=0, atol=1e-14)


def test_weights_that_want_gradients_get_torchs() -> None:
    """The sliced form has none for them."""
    layer = nn.Conv2d(2, 2, 3, groups=2, dtype=torch.float64)
    Depthwise.of(layer)(_x(1, 2, 5, 5)).sum().backward()
    assert layer.weight.grad is not None


def test_only_depthwise_layers_are_replaced_and_their_weights_are_shared() -> None:
    """A layer that is changed in place stays the module's own."""
    net = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 8, 3, groups=4), nn.Conv2d(8, 8, 3)
    )
    module = with_sliced_depthwise(fx.symbolic_trace(net))
    kinds = [type(module.get_submodule(str(place))) for place in range(4)]
    assert kinds == [Depthwise, nn.Conv2d, nn.Conv2d, nn.Conv2d]
    assert module.get_submodule("0").weight is net[0].weight
