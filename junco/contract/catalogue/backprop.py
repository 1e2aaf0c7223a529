"""Modified backpropagation: the way back through the network follows other rules than the chain rule."""

from typing import Literal

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import (
    BaselineParameters,
    BetaParameters,
    MethodParameters,
    NoParameters,
    Shape,
)
from junco.contract.catalogue.relevance import RELEVANCE
from junco.contract.catalogue.words import Family, Method, View

_CONVERGES = (
    "Cuts what speaks against: the way back becomes a chain of non-negative matrices, which forgets where it began. "
    "The map is nearly the same whatever the class and whatever the later layers have learned (Nie 2018, Sixt 2020)."
)


class DeepLiftParameters(BaselineParameters):
    """Differences from a reference image (Shrikumar et al. 2017)."""

    rule: Literal["rescale", "reveal_cancel"] = Field(
        default="rescale",
        description=(
            "What activations hand on: rescale takes their input's difference as a whole; reveal_cancel takes what "
            "speaks for and against apart, so that neither hides the other."
        ),
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """One for the image, one for the reference; each layer's positive and negative weights there and back."""
        return 2 if self.rule == "rescale" else 6


class PatternParameters(MethodParameters):
    """Signal patterns of every layer, fitted on the plan's images (Kindermans et al. 2018)."""

    fitting_images: int = Field(
        default=64, ge=10, le=1024, description="Images of the plan that patterns are fitted on, at most."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """A fit costs three passes an image of the fit, and is made anew for every group of images and every model."""
        return 1 + max(1, 3 * self.fitting_images // _GROUP)

    def least_images(self) -> int:
        """A pattern is a slope, and a unit is active on some of the images only: the profiles' own smallest number."""
        return 10


_GROUP = 25
"""Images that are explained together, about."""

BACKPROP: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.GUIDED_BACKPROP,
        family=Family.BACKPROP,
        title="Guided Backpropagation",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient with negative signals cut at every ReLU on the way back.",
        formula="R_in = 1{z > 0} * max(R_out, 0) at every ReLU",
        source="Springenberg et al., Striving for Simplicity, 2014",
        cost="1 gradient pass",
        parameters=BetaParameters,
        blind_spots=_CONVERGES,
    ),
    MethodCard(
        name=Method.DECONVOLUTION,
        family=Family.BACKPROP,
        title="Deconvolution",
        view=View.SIGNED,
        deterministic=True,
        summary="Signals sent back through the network with a ReLU on the way back in place of each on the way there.",
        formula="R_in = max(R_out, 0) at every ReLU",
        source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, 2014",
        cost="1 gradient pass, the way there shared with the relevance rules",
        parameters=NoParameters,
        blind_spots=f"{_CONVERGES} Without max-pooling it does not even look at the image.",
    ),
    MethodCard(
        name=Method.DEEP_LIFT,
        family=Family.BACKPROP,
        title="DeepLIFT",
        view=View.SIGNED,
        deterministic=True,
        summary="How much each input's difference from a reference image adds to the logit's difference.",
        formula=(
            "A = m * (x - x0), m_in = m_out * (f(z) - f(z0)) / (z - z0) at activations, or of what speaks for and "
            "against apart; sums to z_c(x) - z_c(x0)"
        ),
        source="Shrikumar et al., Learning Important Features Through Propagating Activation Differences, 2017",
        cost="1 gradient pass and 1 forward pass of the reference; about 6 passes with reveal_cancel",
        parameters=DeepLiftParameters,
        folds=True,
        blind_spots=(
            "What equals the reference gets nothing; another reference is another map. Multiplied by the difference "
            "from it, so that outlines show whatever the model learned."
        ),
    ),
    *RELEVANCE,
    MethodCard(
        name=Method.PATTERN_NET,
        family=Family.BACKPROP,
        title="PatternNet",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient with every layer's weights replaced by the patterns that its units answer to.",
        formula="w -> a = cov(x, y) / w' cov(x, y) in every layer, where active behind a ReLU; starts from z_c",
        source="Kindermans et al., Learning How to Explain Neural Networks, 2018",
        cost="1 gradient pass, and 3 passes an image of the fit for every model",
        parameters=PatternParameters,
        folds=True,
        blind_spots=(
            "Patterns are the plan's images' own: few images, other patterns. Converges as the relevance rules do: "
            "the map hardly depends on the class or on later layers (Sixt 2020)."
        ),
    ),
    MethodCard(
        name=Method.PATTERN_ATTRIBUTION,
        family=Family.BACKPROP,
        title="PatternAttribution",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient with every layer's weights multiplied by the patterns that its units answer to.",
        formula="w -> w * a, a as in pattern_net; starts from z_c",
        source="Kindermans et al., Learning How to Explain Neural Networks, 2018",
        cost="1 gradient pass, and 3 passes an image of the fit for every model, shared with pattern_net",
        parameters=PatternParameters,
        folds=True,
        blind_spots=(
            "Patterns are the plan's images' own: few images, other patterns. Converges as the relevance rules do: "
            "the map hardly depends on the class or on later layers (Sixt 2020)."
        ),
    ),
)
