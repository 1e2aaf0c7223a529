"""Numbers to colours: blue-white-red about zero for signed maps, dark to bright for unsigned ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from junco.contract.catalogue import View

Map = NDArray[np.floating]
Pixels = NDArray[np.uint8]

GREY = (198, 198, 198)  # of what has no colour
HATCH = (160, 160, 160)

# ColorBrewer's RdBu from its blue end, and ten samples of matplotlib's inferno: both keep their order of lightness in
# greyscale print and for colour-blind eyes.
_SIGNED = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
_UNSIGNED = "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4"


@dataclass(frozen=True)
class Scale:
    """The values that take the first and the last colour; what lies beyond takes them too."""

    low: float
    high: float

    def __call__(self, values: Map) -> NDArray[np.float64]:
        """``values`` brought to [0, 1]."""
        spread = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        return np.clip(spread, 0, 1)


def scale_of(values: Map, view: View, *, clip: float) -> Scale | None:
    """The colour scale of a map, cut at its ``clip`` percentile; None if the map is empty, constant or not finite.

    A signed map's scale is symmetric about 0 and cut in magnitude; an unsigned map's starts at its smallest value.
    Raises ``ValueError`` for what is not one map [H, W], or a percentile outside (0, 100].
    """
    if values.ndim != 2:
        raise ValueError(
            f"a picture shows one map [H, W]; found {values.shape}: reduce channels and pick an image first"
        )
    if not 0 < clip <= 100:
        raise ValueError(f"a clip percentile lies in (0, 100]; found {clip}")
    exact = values.astype(np.float64)
    if exact.size == 0 or not np.isfinite(exact).all() or exact.min() == exact.max():
        return None
    if view is View.SIGNED:
        limit = _cut(np.abs(exact), 0.0, clip)
        return Scale(-limit, limit)
    low = float(exact.min())
    return Scale(low, _cut(exact, low, clip))


def painted(shares: NDArray[np.floating], view: View) -> Pixels:
    """Colours [H, W, 3] of shares of a scale in [0, 1]."""
    colours: Pixels = _TABLES[view][np.rint(np.clip(shares, 0, 1) * 255).astype(np.intp)]
    return colours


def hatched(height: int, width: int) -> Pixels:
    """Grey with diagonal lines: a map that cannot be shown, and not a map of zeros."""
    rows, columns = np.indices((height, width))
    lines = (rows + columns) % 16 < 3
    return np.where(lines[..., None], HATCH, GREY).astype(np.uint8)


def _cut(values: NDArray[np.float64], low: float, clip: float) -> float:
    # A map with fewer lit pixels than the percentile leaves is cut at its largest value instead.
    high = float(np.percentile(values, clip))
    return high if high > low else float(values.max())


def _table(anchors: str) -> Pixels:
    colours = np.array([tuple(bytes.fromhex(colour)) for colour in anchors.split()], dtype=np.float64)
    places, steps = np.linspace(0, 1, len(colours)), np.linspace(0, 1, 256)
    table: Pixels = np.rint(np.stack([np.interp(steps, places, channel) for channel in colours.T], axis=1)).astype(
        np.uint8
    )
    return table


_TABLES = {View.SIGNED: _table(_SIGNED), View.UNSIGNED: _table(_UNSIGNED)}
