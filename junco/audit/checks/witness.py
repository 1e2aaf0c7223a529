"""A map that a fooled gradient has no hold on: what each class's centred logit loses with each part of the image.

Occlusion (Zeiler & Fergus 2014) with the mean of the data in a square window, for all classes from the same passes.
Centred: z_c - mean_k z_k, which no offset that all classes share can move. Cost: one pass a window, one for the image.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from junco.audit.batch import Batch
from junco.audit.checks.centring import centred
from junco.audit.checks.perturbed import enlarged, filled, logits
from junco.audit.model import Canonical
from junco.contract.catalogue import Fill


@dataclass(frozen=True)
class Windows:
    """Squares of ``side`` pixels, ``step`` pixels apart, that cover the image; the last ones end at its border."""

    side: int
    step: int

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of windows."""
        rows, columns = (1 + max(0, -(-(extent - self.side) // self.step)) for extent in (height, width))
        return rows, columns


def losses(model: Canonical, batch: Batch, windows: Windows) -> Tensor:
    """What each centred logit of each image loses with each window, [n, classes, rows, columns]."""
    blank, (height, width) = filled(batch, Fill.MEAN), batch.x.shape[2:]
    rows, columns = windows.grid(height, width)
    whole, found = centred(logits(model, batch.x)), []
    for top in range(0, rows * windows.step, windows.step):
        for left in range(0, columns * windows.step, windows.step):
            place = (..., slice(top, top + windows.side), slice(left, left + windows.side))
            x = batch.x.clone()
            x[place] = blank[place]
            found.append(whole - centred(logits(model, x)))
    return torch.stack(found, 2).view(*whole.shape, rows, columns)


def of_class(found: Tensor, targets: Tensor) -> Tensor:
    """The maps [n, rows, columns] of classes ``targets`` [n], out of those of all."""
    return found[torch.arange(len(found), device=found.device), targets]


def on_windows(maps: Tensor, size: tuple[int, int], windows: Windows) -> Tensor:
    """Mean of maps [n, h, w] in each window of images of ``size``, [n, rows, columns]."""
    whole = enlarged(maps, size)[:, None]
    return avg_pool2d(whole, windows.side, windows.step, ceil_mode=True, count_include_pad=False)[:, 0]
