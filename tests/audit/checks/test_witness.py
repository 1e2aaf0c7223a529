"""The witness of model_manipulation on networks whose losses are known."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from junco.audit.checks.witness import Windows, losses, of_class, on_windows
from tests.audit.explain.models import canonical, images, linear, seeded

SHAPE = (2, 4, 4)


def test_a_linear_model_loses_what_its_centred_weights_have_in_the_window() -> None:
    """(W_c - mean W) times x - mean, summed over a window of two by two, to rounding."""
    model, weight = linear(shape=SHAPE)
    batch = images(3, SHAPE)
    found = losses(model, batch, Windows(2, 2))
    centred = weight - weight.mean(0)
    parts = centred[None] * (batch.x - batch.box.mean.view(-1, 1, 1))[:, None]
    wanted = parts.sum(2).unflatten(2, (2, 2)).unflatten(4, (2, 2)).sum((3, 5))
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)
    torch.testing.assert_close(of_class(found, torch.tensor([2, 0, 1])), wanted[[0, 1, 2], [2, 0, 1]])


class _Offset(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(32, 3)
        self.other = nn.Linear(32, 1)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        return self.body(flat) + self.other(flat) * 50


def test_an_offset_that_all_classes_share_is_not_seen() -> None:
    """The same losses with and without it, to rounding of its size."""
    model = canonical(seeded(_Offset()), SHAPE)
    batch = images(3, SHAPE)
    fooled = losses(model, batch, Windows(2, 1))
    model.submodule("other").weight.data.zero_()  # type: ignore[union-attr, operator]  # a linear layer's
    torch.testing.assert_close(losses(model, batch, Windows(2, 1)), fooled, atol=1e-10, rtol=0)


def test_windows_cover_the_image_and_maps_are_averaged_over_the_same() -> None:
    """Seven pixels in windows of three, two apart: the last one ends at the border."""
    windows = Windows(3, 2)
    assert windows.grid(7, 8) == (3, 4)
    values = torch.arange(56.0).view(1, 7, 8)
    found = on_windows(values, (7, 8), windows)
    wanted = [[values[0, t : t + 3, left : left + 3].mean() for left in (0, 2, 4, 6)] for t in (0, 2, 4)]
    np.testing.assert_allclose(found[0], wanted, atol=1e-5)
    assert replace(windows, step=3).grid(7, 7) == (3, 3)
