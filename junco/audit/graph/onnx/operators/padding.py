"""Paddings as ONNX writes them: explicit, or named by what they achieve."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call


@dataclass(frozen=True)
class Window:
    """A sliding window over the spatial sides: one entry a side; ``before`` and ``after`` are paddings."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """Places that a window spans on each side."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def symmetric(self) -> bool:
        return self.before == self.after and min(self.before, default=0) >= 0

    def places(self, sides: Sequence[int], *, ceil: bool) -> list[int]:
        """How many windows fit on each of ``sides``; with ``ceil`` the last may hang over, if it starts inside."""
        found = []
        for side, reach, stride, before, after in zip(
            sides, self.reach, self.stride, self.before, self.after, strict=True
        ):
            room = side + before + after - reach
            count = (-(-room // stride) if ceil else room // stride) + 1
            found.append(count - 1 if ceil and (count - 1) * stride >= side + before else count)
        return found


def window(call: Call, x: Tensor, kernel: Sequence[int]) -> Window:
    """The window that a convolution or pool slides over ``x`` [n, channels, sides...]."""
    sides = x.shape[2:]
    ones = [1] * len(sides)
    stride, dilation = call.integers("strides") or ones, call.integers("dilations") or ones
    pads = call.integers("pads") or [0] * (2 * len(sides))
    before, after = pads[: len(sides)], pads[len(sides) :]
    mode = call.text("auto_pad", "NOTSET")
    if mode == "VALID":
        before, after = [0] * len(sides), [0] * len(sides)
    elif mode.startswith("SAME"):
        before, after = _same(sides, kernel, stride=stride, dilation=dilation, upper=mode == "SAME_UPPER")
    return Window(tuple(kernel), tuple(stride), tuple(dilation), tuple(before), tuple(after))


def _same(
    sides: Sequence[int], kernel: Sequence[int], *, stride: Sequence[int], dilation: Sequence[int], upper: bool
) -> tuple[list[int], list[int]]:
    """Paddings with which side / stride windows fit, rounded up; the odd one comes last where ``upper``."""
    total = [
        max((-(-side // s) - 1) * s + (k - 1) * d + 1 - side, 0)
        for side, k, s, d in zip(sides, kernel, stride, dilation, strict=True)
    ]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return (small, large) if upper else (large, small)


def padded(x: Tensor, before: Sequence[int], after: Sequence[int], fill: float = 0.0) -> Tensor:
    """``x`` with its last sides padded; negative paddings cut."""
    if not any(before) and not any(after):
        return x
    pairs = [amount for pair in zip(reversed(before), reversed(after), strict=True) for amount in pair]
    return functional.pad(x, pairs, value=fill)
