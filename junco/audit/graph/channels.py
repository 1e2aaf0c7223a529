"""Programs that want their channels last: a TorchScript file does not say so, but it shows when images are tried."""

from collections.abc import Callable, Iterable

from junco.contract.errors import InputShapeMismatch

Shape = tuple[int, int, int]

_MOST = 4
"""Channels of an image at most, where a shape could be read either way."""


def require_channels_first(takes: Callable[[Shape], bool], shapes: Iterable[Shape]) -> None:
    """Raise ``InputShapeMismatch`` if the program ``takes`` one of ``shapes`` (C, H, W) as [n, H, W, C].

    To be asked where it takes none of them as they are.
    """
    for channels, height, width in shapes:
        if takes((height, width, channels)):
            raise _last((channels, height, width))


def require_no_turn(shape: Shape, channels: int | None) -> None:
    """Raise ``InputShapeMismatch`` if ``shape``, which the program takes, is (H, W, C) to its first convolution.

    ``channels`` are those that the convolution reads, None where there is none.
    """
    if turned(shape, channels):
        raise _last((shape[2], shape[0], shape[1]))


def turned(shape: Shape, channels: int | None) -> bool:
    """Whether ``shape``, which a first convolution over ``channels`` takes, can only be (H, W, C)."""
    return channels == shape[2] <= _MOST < shape[0]


def _last(shape: Shape) -> InputShapeMismatch:
    channels, height, width = shape
    first = f"[n, {channels}, {height}, {width}]"
    return InputShapeMismatch(
        "the model takes images with the channels last",
        expected=f"[n, channels, height, width], so {first}",
        found=f"it takes [n, {height}, {width}, {channels}] and refuses {first}",
        remedy="put the turn inside: export a module whose forward returns self.model(x.permute(0, 2, 3, 1)), "
        f"for images {first}",
    )
