"""Files whose images have their channels last are named as such, and none beside them."""

import pytest
import torch
from torch import nn

from junco.audit.graph import load
from junco.audit.graph.channels import turned
from junco.contract.errors import InputShapeMismatch
from tests.truth.models import as_torchscript


class Last(nn.Module):
    """A classifier of images [n, 32, 32, 3], as one ported from TensorFlow keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4 * 30 * 30, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(self.conv(x.permute(0, 3, 1, 2)).relu().flatten(1))
        return scores


class Turned(nn.Module):
    """The remedy."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Last()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.model(x.permute(0, 2, 3, 1))
        return scores


def last() -> bytes:
    torch.manual_seed(0)
    return as_torchscript(Last().eval(), (32, 32, 3), "scripted")


@pytest.mark.parametrize("shape", [None, (3, 32, 32), (3, 64, 64), (32, 32, 3)])
def test_a_script_with_its_channels_last_is_refused_by_name(shape: tuple[int, int, int] | None) -> None:
    """Whatever shape is asked for, the one that it takes is told, and what to do."""
    with pytest.raises(InputShapeMismatch, match="channels last") as refusal:
        load(last(), input_shape=shape)
    assert refusal.value.expected == "[n, channels, height, width], so [n, 3, 32, 32]"
    assert refusal.value.found == "it takes [n, 32, 32, 3] and refuses [n, 3, 32, 32]"
    assert "self.model(x.permute(0, 2, 3, 1))" in (refusal.value.remedy or "")


def test_the_remedy_helps() -> None:
    """With the turn inside, the same model is taken."""
    assert load(as_torchscript(Turned().eval(), (3, 32, 32), "scripted")).input_shape == (3, 32, 32)


def test_a_network_that_takes_neither_order_is_refused_as_before() -> None:
    """No size that is tried fits: nothing is said of channels."""
    odd = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(7, 5))
    with pytest.raises(InputShapeMismatch, match="no input shape was found"):
        load(as_torchscript(odd.eval(), (3, 32, 32), "scripted"))


@pytest.mark.parametrize(
    ("shape", "channels", "only"),
    [
        ((32, 32, 3), 3, True),
        ((3, 32, 32), 3, False),
        ((1, 28, 28), 28, False),
        ((8, 32, 3), 8, False),
        ((32, 32, 3), None, False),
    ],
)
def test_a_shape_is_turned_only_where_it_cannot_be_read_otherwise(
    shape: tuple[int, int, int], channels: int | None, only: bool
) -> None:
    """Images of many channels, narrow ones, and networks without a convolution are left alone."""
    assert turned(shape, channels) is only
