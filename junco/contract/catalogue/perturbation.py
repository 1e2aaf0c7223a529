"""Perturbation and surrogates: maps made of how scores answer to hidden parts of the image."""

import math
from typing import Literal

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import BaselineParameters, Misfit, Shape
from junco.contract.catalogue.segments import SegmentParameters
from junco.contract.catalogue.words import Family, Method, View

_SEVENTH = 7


class OcclusionParameters(BaselineParameters):
    """A square window that slides over the image and hides what is in it (Zeiler & Fergus 2014)."""

    window: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Side of the window in pixels; a seventh of the image's shorter side if absent.",
    )
    stride: int | None = Field(
        default=None, ge=1, le=1024, description="Pixels from one window to the next; half a window if absent."
    )

    def side(self, shape: Shape) -> int:
        """Side of the window in pixels on images of ``shape``."""
        return self.window or max(1, round(min(shape[1:]) / _SEVENTH))

    def step(self, shape: Shape) -> int:
        """Pixels from one window to the next on images of ``shape``."""
        return self.stride or math.ceil(self.side(shape) / 2)

    def grid(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns of windows that cover images of ``shape``; the last ones end at the border."""
        side, step = self.side(shape), self.step(shape)
        height, width = (1 + max(0, math.ceil((extent - side) / step)) for extent in shape[1:])
        return height, width

    def passes(self, shape: Shape) -> int:
        """One forward pass a window, and one of the whole image."""
        return 1 + math.prod(self.grid(shape))

    def misfit(self, shape: Shape) -> Misfit | None:
        """A window leaves some of the image in sight, a stride leaves nothing unseen, and there are not too many."""
        side, step, windows = self.side(shape), self.step(shape), math.prod(self.grid(shape))
        if side >= min(shape[1:]):
            return _misfit(f"a window of less than {min(shape[1:])} pixels", side, "Lower window.")
        if step > side:
            return _misfit(f"a stride of at most the window's {side} pixels", step, "Lower stride, or raise window.")
        if windows > MOST_WINDOWS:
            return _misfit(f"at most {MOST_WINDOWS} windows", windows, "Raise window or stride.")
        return super().misfit(shape)


MOST_WINDOWS = 4096
"""A map of 64 x 64: beyond it a job would cost more than any of the methods that need gradients."""


class PredictionDifferenceParameters(SegmentParameters):
    """What stands in for a segment: draws from what it might have been (Zintgraf et al. 2017)."""

    samples: int = Field(default=10, ge=2, le=1000, description="Draws a segment.")
    sampling: Literal["conditional", "marginal"] = Field(
        default="conditional",
        description=(
            "conditional: the segment in the colour of one of the pixels around it; marginal: the same place in "
            "another of the plan's images."
        ),
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - segments are counted, whatever the image's size
        """One forward pass a draw, and one of the whole image."""
        return 1 + self.segments * self.samples

    def least_images(self) -> int:
        """Another image, to draw from."""
        return 2 if self.sampling == "marginal" else 1


class RiseParameters(BaselineParameters):
    """Random masks, coarse and smooth, and the mean score of those that show a pixel (Petsiuk et al. 2018)."""

    samples: int = Field(default=1000, ge=2, le=100_000, description="Masks an image.")
    side: int = Field(default=7, ge=2, le=64, description="Rows, and columns, of a mask before it is enlarged.")
    shown: float = Field(default=0.5, gt=0, lt=1, description="Share of a mask's cells that are shown.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many forward passes as masks."""
        return self.samples

    def freedom(self, shape: Shape) -> int:  # noqa: ARG002 - masks have as many cells, whatever the image's size
        """As many values as a mask has cells: between them the map is smooth."""
        return self.side**2

    def misfit(self, shape: Shape) -> Misfit | None:
        """A mask's cells hold a pixel at least, and masks are more than their cells."""
        if self.side > min(shape[1:]):
            return _misfit(f"a side of at most {min(shape[1:])} cells", self.side, "Lower side.")
        if self.samples < self.side**2:
            expected = f"at least {self.side**2} samples for masks of {self.side} x {self.side} cells"
            return _misfit(expected, self.samples, "Raise samples, or lower side.")
        return super().misfit(shape)


def _misfit(expected: str, found: int, remedy: str) -> Misfit:
    return Misfit(expected=expected, found=str(found), remedy=remedy)


PERTURBATION: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.OCCLUSION,
        family=Family.PERTURBATION,
        title="Occlusion",
        view=View.UNSIGNED,
        deterministic=True,
        gradients=False,
        summary="What the class logit loses when a window of the image is hidden.",
        formula="A_ij = z_c(x) - z_c(x with window ij filled), one value a window",
        source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, 2014",
        cost="1 forward pass a window, 170 at the defaults on most images",
        parameters=OcclusionParameters,
        blind_spots="Evidence that is there twice: hiding one copy changes nothing. What the fill itself shows.",
    ),
    MethodCard(
        name=Method.PREDICTION_DIFFERENCE,
        family=Family.PERTURBATION,
        title="Prediction difference",
        view=View.SIGNED,
        deterministic=False,
        gradients=False,
        summary="What the class logit loses, in the mean, when a segment becomes something else it might have been.",
        formula="A_j = z_c(x) - mean over draws of z_c(x with segment j drawn from p(x_j) or p(x_j | surroundings))",
        source="Zintgraf et al., Visualizing Deep Neural Network Decisions: Prediction Difference Analysis, 2017",
        cost="1 + segments * samples forward passes",
        parameters=PredictionDifferenceParameters,
        blind_spots=(
            "Evidence that is there twice: replacing one copy changes nothing. Draws are simple, flat colours or cuts "
            "from other images, and still unlike what the model knows; nothing smaller than a segment is seen."
        ),
    ),
    MethodCard(
        name=Method.RISE,
        family=Family.PERTURBATION,
        title="RISE",
        view=View.SIGNED,
        deterministic=False,
        gradients=False,
        summary="Mean score of randomly masked copies in which a pixel shows, less the mean score of all of them.",
        formula="A = sum over k of (z_c(x_k) - mean z_c) m_k / sum over k of m_k, x_k = x0 + m_k (x - x0)",
        source="Petsiuk et al., RISE: Randomized Input Sampling for Explanation, 2018",
        cost="samples forward passes",
        parameters=RiseParameters,
        blind_spots=(
            "Nothing finer than a mask's cell is seen. Half of the image is missing in every copy, which the model has "
            "never met; a fixed fill ties the map to the encoding of pixels. Few masks leave the map noisy."
        ),
    ),
)
