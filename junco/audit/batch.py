"""Images to explain, and the range that their pixels may take."""

from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class Box:
    """Valid range of the data per channel, in model input space: tensors of shape [C]."""

    low: Tensor
    high: Tensor
    mean: Tensor


@dataclass(frozen=True)
class Batch:
    """Images to explain.

    ``x`` [n, C, H, W] in model input space; ``targets`` [n] class indices; ``index`` the images' places in the
    plan's image list, which seed per-image noise whatever the batching. ``shift`` [C, H, W] is what was added to
    ``x``, when it was: quantities that a method takes from the data (noise scale, black or mean baseline) are taken
    from ``x - shift`` or moved by it. ``references`` [m, C, H, W] are all of the plan's images in the plan's order,
    whatever part of them ``x`` holds, so that ``references[i]`` is the image with index ``i``; they are moved by
    ``shift`` as ``x`` is. None where there is no plan: then a method that learns from other images has none.
    ``rebased`` moves every baseline by ``shift``, place by place, whatever it is taken from.
    """

    x: Tensor
    targets: Tensor
    index: tuple[int, ...]
    box: Box
    shift: Tensor | None = None
    references: Tensor | None = None
    rebased: bool = False

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, start: int, stop: int) -> "Batch":
        """The images from ``start`` to ``stop``."""
        return replace(self, x=self.x[start:stop], targets=self.targets[start:stop], index=self.index[start:stop])
