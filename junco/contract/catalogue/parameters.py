"""What every method's parameters have in common."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from junco.contract.base import Frozen

Shape = tuple[int, int, int]
"""Channels, height and width of a model's input."""


class Misfit(Frozen):
    """Why parameters do not fit a model: what they would have to be, what they are, and what to do."""

    expected: str
    found: str
    remedy: str


class MethodParameters(Frozen):
    """Parameters of a method, which know their price and whether they fit a model, before any work."""

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - those who mask the image need it
        """Passes through the model per image of ``shape``, forward or backward."""
        return 1

    def misfit(self, shape: Shape) -> Misfit | None:  # noqa: ARG002 - those who mask the image need it
        """Why these parameters do not fit a model with inputs of ``shape``, or None."""
        return None

    def freedom(self, shape: Shape) -> int | None:  # noqa: ARG002 - segments are counted, whatever the image's size
        """Values that a map of an image of ``shape`` can hold freely; None where its own resolution tells."""
        return None

    def least_images(self) -> int:
        """Images that a plan needs at least for the method to be defined."""
        return 1

    def undefined(self, activations: Mapping[str, int]) -> str | None:  # noqa: ARG002 - few ask what lies between layers
        """Why these parameters mean nothing for a model with ``activations`` (counts by kind), or None."""
        return None


class NoParameters(MethodParameters):
    """The method has no parameters."""


_SMOOTHABLE = {"ReLU", "Ceiling"}
_SMOOTH = {"GELU", "SiLU", "Mish", "Sigmoid", "LogSigmoid", "Tanh", "Softplus", "Softsign"}


def kinked(activations: Mapping[str, int]) -> list[str]:
    """Kinds of ``activations`` (counts) that are not smooth, and for which no smooth one stands in."""
    return sorted({kind for kind, count in activations.items() if count} - _SMOOTHABLE - _SMOOTH)


def rectified(activations: Mapping[str, int]) -> bool:
    """Whether there are ReLUs among ``activations`` (counts), for which softplus stands in."""
    return any(activations.get(kind) for kind in _SMOOTHABLE)


class BetaParameters(MethodParameters):
    """Explains a smoother twin of the model (Dombrowski et al. 2019); the model's targets and logits stay its own."""

    beta: float | None = Field(
        default=None,
        gt=0,
        le=1e4,
        description=(
            "Explain the network with log(1 + exp(beta z)) / beta in place of every ReLU; the authors take 0.8 to 1. "
            "The network itself if absent."
        ),
    )

    def undefined(self, activations: Mapping[str, int]) -> str | None:
        """Smoothing is defined for ReLU, also as a half of ReLU6, beside activations that are smooth already."""
        if self.beta is None:
            return None
        strangers = kinked(activations)
        if strangers:
            return f"beta is defined for ReLU only, and the model has {', '.join(strangers)}"
        return None if rectified(activations) else "beta changes nothing in a model without a ReLU"


class LayerParameters(MethodParameters):
    """The layer whose activations carry the map."""

    layer: str | None = Field(
        default=None, description="A layer's name as inspection lists it; found by itself if absent."
    )


InputValue = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
"""A value of a model's input: whatever lies further out leaves no digits for the image's own in float32."""


class BaselineParameters(MethodParameters):
    """The image that stands for nothing: where a path starts, or what hidden parts are filled with."""

    baseline: Literal["zero", "black", "mean", "custom"] = Field(
        default="zero",
        description=(
            "zero: the zero vector in model input space; black and mean: the smallest and the mean value of "
            "the data, which move with the data when the input is shifted; custom: baseline_values."
        ),
    )
    baseline_values: tuple[InputValue, ...] | None = Field(
        default=None, description="One value per channel in model input space, for a custom baseline."
    )

    def misfit(self, shape: Shape) -> Misfit | None:
        """A custom baseline has one value per channel."""
        values = self.baseline_values
        if values is None or len(values) == shape[0]:
            return None
        return Misfit(
            expected=f"{shape[0]} baseline_values, one per channel",
            found=str(len(values)),
            remedy="Give as many, or take baseline zero, black or mean.",
        )

    @model_validator(mode="after")
    def _custom_needs_values(self) -> Self:
        if (self.baseline == "custom") != (self.baseline_values is not None):
            raise ValueError("baseline_values goes with baseline 'custom', and only with it")
        return self
