"""Running out of memory: passes shrink, maps stay, and what does not fit at all is named."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from junco.audit.explain import build
from junco.audit.explain.room import Room
from junco.contract.catalogue import IntegratedGradientsParameters, Method, SmoothGradParameters
from junco.contract.errors import MemoryExceeded
from tests.audit.explain.models import bound, canonical, convnet, images, seeded

METHODS = [
    bound(Method.GRADIENT),
    bound(Method.GUIDED_BACKPROP),
    bound(Method.GRAD_CAM),
    bound(Method.SCORE_CAM),
    bound(Method.SMOOTHGRAD, SmoothGradParameters(samples=5)),
    bound(Method.INTEGRATED_GRADIENTS, IntegratedGradientsParameters(steps=6)),
]


class Narrow(nn.Module):
    """A device that holds ``rows`` images; torch has several ways to say that it is full."""

    def __init__(self, rows: int, error: Exception) -> None:
        super().__init__()
        self.rows, self.error = rows, error
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        if len(x) > self.rows:
            raise self.error
        return x


ERRORS = [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("rows", [1, 3, 64])
def test_maps_do_not_depend_on_the_memory_at_hand(rows: int, error: Exception) -> None:
    """Seven images, and all their noise, steps and masks, through a device that holds ``rows``: the same maps."""
    plain, batch = convnet(), images(7)
    expected = build(METHODS, plain, batch_size=7)(plain, batch, seed=3)
    narrow = convnet()
    gate = Narrow(rows, error)
    narrow.submodule("0").register_forward_pre_hook(lambda _module, inputs: _void(gate(*inputs)))
    found = build(METHODS, narrow, batch_size=7)(narrow, batch, seed=3)
    torch.testing.assert_close(dict(found.maps), dict(expected.maps), rtol=1e-11, atol=1e-13)
    torch.testing.assert_close(found.logits, expected.logits, rtol=1e-12, atol=1e-13)


def _void(_: Tensor) -> None:
    """A hook that leaves the input as it is."""


def test_a_size_that_failed_is_not_tried_again() -> None:
    """16 rows fail, 8 fail, 4 hold: the rest of the job goes by fours."""
    gate = Narrow(5, ERRORS[0])
    net = nn.Sequential(gate, seeded(nn.Sequential(nn.Flatten(), nn.Linear(432, 3))))
    model = canonical(net)
    explain = build([bound(Method.GRADIENT)], model, batch_size=16)
    gate.seen.clear()
    explain(model, images(16), seed=0)
    assert gate.seen == [16, 8, 4, 4, 4, 4]
    gate.seen.clear()
    explain(model, images(16), seed=0)
    assert gate.seen == [4, 4, 4, 4]


def test_what_does_not_fit_at_all_is_named() -> None:
    """One image is too many: the error says so, and keeps the cause."""
    gate = Narrow(0, ERRORS[1])
    model = canonical(nn.Sequential(nn.Flatten(), nn.Linear(432, 3)))
    model.submodule("0").register_forward_pre_hook(lambda _module, inputs: _void(gate(*inputs)))
    with pytest.raises(MemoryExceeded, match="1 images does not fit") as caught:
        build([bound(Method.GRADIENT)], model)(model, images(4), seed=0)
    assert caught.value.__cause__ is ERRORS[1]


def test_a_fixed_batch_does_not_shrink() -> None:
    """A graph that takes three images at a time takes no fewer."""
    gate = Narrow(2, ERRORS[0])
    model = convnet(batch=3)
    model.submodule("0").register_forward_pre_hook(lambda _module, inputs: _void(gate(*inputs)))
    with pytest.raises(MemoryExceeded, match="3 images does not fit"):
        build([bound(Method.GRADIENT)], model)(model, images(6), seed=0)


def test_other_errors_are_not_taken_for_memory() -> None:
    """A wrong shape is a wrong shape, at once."""
    calls: Iterator[int] = iter(range(10))

    def work(start: int, stop: int) -> int:
        next(calls)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot"):
        Room(8).each(8, work)
    assert next(calls) == 1


def test_parts_cover_everything_in_order() -> None:
    """Ten in parts of four are 0-4, 4-8 and 8-10."""
    assert Room(4).each(10, lambda start, stop: (start, stop)) == [(0, 4), (4, 8), (8, 10)]
