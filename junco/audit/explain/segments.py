"""Images cut into segments, which are shown or hidden as a whole, and maps of one value a segment.

Segments are found in the image before any shift, so that input_shift judges a method and not its segments. SLIC is
scikit-image's; the grid is the same in every image. Where SLIC finds fewer segments than asked for, those missing are
segments without a pixel: to show or hide them changes nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from junco.audit.batch import Batch
from junco.contract.catalogue import SegmentParameters

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Segments:
    """``labels`` [n, H, W] tell each pixel's segment, 0 to ``count`` - 1; ``side`` is the grid's, None for SLIC."""

    labels: Tensor
    count: int
    side: int | None

    def mask(self, shown: Tensor) -> Tensor:
        """The pixels [n, 1, H, W] of the segments that ``shown`` [n, count] names."""
        n, height, width = self.labels.shape
        return shown.gather(1, self.labels.flatten(1)).view(n, 1, height, width)

    def inside(self, segment: int) -> Tensor:
        """The pixels [n, 1, H, W] of one segment."""
        return self.labels[:, None] == segment

    def painted(self, values: Tensor) -> Tensor:
        """``values`` [n, count] as a map: [n, 1, side, side] of a grid, [n, 1, H, W] otherwise."""
        return self.mask(values) if self.side is None else values.view(len(values), 1, self.side, self.side)

    def touched(self, pixels: Tensor) -> Tensor:
        """Which segments [n, count] hold any of ``pixels`` [n, H, W]."""
        hits = torch.zeros(len(pixels), self.count, device=pixels.device, dtype=torch.long)
        return hits.scatter_add_(1, self.labels.flatten(1), pixels.flatten(1).long()) > 0


def segments(batch: Batch, parameters: SegmentParameters) -> Segments:
    """``batch`` cut as ``parameters`` say."""
    n, _, height, width = batch.x.shape
    if parameters.segmentation == "grid":
        cells = _grid(height, width, side=parameters.side).to(batch.x.device)
        return Segments(cells.expand(n, height, width), parameters.segments, parameters.side)
    plain = batch.x if batch.shift is None else batch.x - batch.shift.to(batch.x)
    # To single precision first: x + m - m may differ from x in its last bit, and segments must not.
    pixels = plain.float().cpu().numpy()
    found = [_SLIC.of(image, count=parameters.segments, compactness=parameters.compactness) for image in pixels]
    return Segments(torch.from_numpy(np.stack(found)).to(batch.x.device), parameters.segments, None)


def _grid(height: int, width: int, *, side: int) -> Tensor:
    """Labels [H, W] of side x side cells, whose sizes differ by a pixel at most."""
    rows, columns = (torch.arange(extent) * side // extent for extent in (height, width))
    return rows[:, None] * side + columns


def slic(image: NDArray[np.float32], *, count: int, compactness: float) -> Labels:
    """Labels [H, W] of at most ``count`` segments of ``image`` [C, H, W] (Achanta et al., SLIC Superpixels, 2012).

    Three channels are taken as red, green and blue, whatever their scale; otherwise their mean as grey.
    """
    from skimage.segmentation import slic as slic_of_skimage  # late: it brings in scipy's images, which few plans need

    colours = image if len(image) == 3 else np.repeat(image.mean(0, keepdims=True), 3, axis=0)
    wanted = count
    while True:
        labels: Labels = slic_of_skimage(
            colours.transpose(1, 2, 0), n_segments=wanted, compactness=compactness, start_label=0
        )
        found = int(labels.max()) + 1
        if found <= count:
            return labels.astype(np.int64)
        # It starts from a regular grid, which may hold more than was asked for.
        wanted = min(wanted - 1, wanted * count // found)


class _Memo:
    """Segments of the last images met: every randomised model is asked about the same ones."""

    def __init__(self, find: Callable[..., Labels], *, size: int) -> None:
        self._find = find
        self._size = size
        self._known: OrderedDict[tuple[bytes, int, float], Labels] = OrderedDict()

    def of(self, image: NDArray[np.float32], *, count: int, compactness: float) -> Labels:
        """What is known of ``image``, or is found now."""
        image = np.ascontiguousarray(image)
        digest = blake2b(image.tobytes(), digest_size=16, person=str(image.shape).encode()[:16]).digest()
        key = (digest, count, compactness)
        if key not in self._known:
            self._known[key] = self._find(image, count=count, compactness=compactness)
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return self._known[key]


_SLIC = _Memo(slic, size=128)
