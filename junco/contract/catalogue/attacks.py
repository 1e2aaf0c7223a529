"""Which maps can be attacked by following them back to the image, and what that takes."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue.words import Method


class Recipe(Frozen):
    """Steps and step sizes of Dombrowski et al. 2019, appendix: VGG16, images normalised as ImageNet's."""

    iterations: int
    rate: float = Field(description="Step of Adam in normalised pixel values.")
    defended_iterations: int = Field(description="The same against beta-smoothed maps.")
    defended_rate: float


RECIPES: Mapping[Method, Recipe] = MappingProxyType(
    {
        Method.GRADIENT: Recipe(iterations=1500, rate=1e-3, defended_iterations=500, defended_rate=2.5e-4),
        Method.INPUT_X_GRADIENT: Recipe(iterations=1500, rate=1e-3, defended_iterations=500, defended_rate=2.5e-4),
        Method.INTEGRATED_GRADIENTS: Recipe(iterations=500, rate=5e-3, defended_iterations=200, defended_rate=2.5e-3),
        Method.GUIDED_BACKPROP: Recipe(iterations=1500, rate=1e-3, defended_iterations=500, defended_rate=5e-4),
        # Published for the attack alone; the defended one is the gradient's.
        Method.SMOOTHGRAD: Recipe(iterations=1500, rate=3e-3, defended_iterations=500, defended_rate=2.5e-4),
    }
)
"""Methods whose maps have second derivatives on the softplus twin."""
