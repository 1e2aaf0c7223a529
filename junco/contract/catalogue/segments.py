"""Parameters of methods that hide and show an image in segments."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from junco.contract.catalogue.parameters import BaselineParameters, MethodParameters, Misfit, Shape


class SegmentParameters(MethodParameters):
    """How an image falls into segments that are shown or hidden as a whole; the map has one value a segment."""

    segmentation: Literal["grid", "slic"] = Field(
        default="grid",
        description=(
            "grid: equal cells, the same in every image; slic: patches of like colour (Achanta et al. 2012), found in "
            "the image before any shift."
        ),
    )
    segments: int = Field(
        default=49, ge=4, le=400, description="Cells of the grid, a square number; or most segments that slic may find."
    )
    compactness: float = Field(
        default=10.0,
        gt=0,
        le=1000,
        description="slic: how much nearness weighs against colour. A grid has no use for it.",
    )

    @property
    def side(self) -> int:
        """Rows, and columns, of the grid."""
        return math.isqrt(self.segments)

    def freedom(self, shape: Shape) -> int:  # noqa: ARG002 - segments are counted, whatever the image's size
        """One value a segment."""
        return self.segments

    def misfit(self, shape: Shape) -> Misfit | None:
        """A grid's cells hold a pixel at least; segments of slic's must be able to hold more than one."""
        pixels = min(shape[1:])
        if self.segmentation == "grid" and self.side > pixels:
            return self._too_many(pixels * pixels)
        if self.segmentation == "slic" and 2 * self.segments > shape[1] * shape[2]:
            return self._too_many(shape[1] * shape[2] // 2)
        return super().misfit(shape)

    def _too_many(self, most: int) -> Misfit:
        return Misfit(expected=f"at most {most} segments", found=str(self.segments), remedy="Lower segments.")

    @model_validator(mode="after")
    def _grids_are_square(self) -> Self:
        if self.segmentation == "grid" and self.side**2 != self.segments:
            raise ValueError(f"segments of a grid must be a square number, such as {self.side**2}, not {self.segments}")
        return self


class FilledParameters(SegmentParameters, BaselineParameters):
    """Segments, and the baseline that hidden ones are filled with."""


class SampledParameters(FilledParameters):
    """How often the model is asked about coalitions of segments."""

    samples: int = Field(
        default=500, ge=2, le=100_000, description="Forward passes an image, that of the whole image among them."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many forward passes as samples."""
        return self.samples

    def least(self) -> int:
        """Samples below which the method is undefined."""
        return self.segments + 2

    def misfit(self, shape: Shape) -> Misfit | None:
        """Fewer samples than unknowns determine nothing."""
        if self.samples < self.least():
            expected = f"at least {self.least()} samples for {self.segments} segments"
            return Misfit(expected=expected, found=str(self.samples), remedy="Raise samples, or lower segments.")
        return super().misfit(shape)
