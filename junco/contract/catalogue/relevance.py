"""Relevance rules: the logit is shared out among the inputs, layer by layer."""

from typing import Literal

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import LayerParameters, MethodParameters, Shape
from junco.contract.catalogue.words import Family, Method, View

Start = Literal["logit", "one"]
Root = Literal["box", "zero"]


class RelevanceParameters(MethodParameters):
    """Relevance that is handed back from the target's logit."""

    start: Start = Field(
        default="logit",
        description="What is handed back: the logit, so that a negative one turns the map's sign, or 1 whatever it is.",
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """The way there, and others with some of the weights."""
        return 3


class EpsilonParameters(RelevanceParameters):
    """Relevance in proportion to contributions (Bach et al. 2015)."""

    epsilon: float = Field(
        default=1e-6, ge=0, le=1e3, description="Added to the size of every unit's sum; what it takes is lost."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """A gradient pass."""
        return 1


class GammaParameters(RelevanceParameters):
    """Relevance that favours contributions of the unit's own sign (Montavon et al. 2019)."""

    gamma: float = Field(default=0.25, gt=0, le=1e3, description="By how much such contributions count more.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """The way there with all contributions, with the positive and with the negative ones."""
        return 5


class RootParameters(RelevanceParameters):
    """Relevance whose last step measures pixels from a root (Montavon et al. 2017)."""

    root: Root = Field(
        default="box",
        description=(
            "box: the z^B rule between the smallest and the largest value that an image may hold, which move with the "
            "data when the input is shifted; zero: the rule of the other layers, which measures from zero."
        ),
    )


class AlphaBetaParameters(RootParameters):
    """Relevance for and against, twice and once (Bach et al. 2015)."""

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """The way there with all contributions, with the positive and with the negative ones."""
        return 5


class ExcitationParameters(LayerParameters):
    """The hidden layer where the map is read."""

    layer: str | None = Field(
        default=None,
        description=(
            "A layer's name as inspection lists it; if absent the last one that keeps an eighth of the image's side."
        ),
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """The way there, and others with some of the weights."""
        return 3


_CONVERGES = (
    "Hands back along excitatory weights alone: a chain of non-negative matrices, which forgets where it began. The "
    "map is nearly the same whatever the class and whatever the later layers have learned (Sixt 2020)."
)
_SHIFT = "With root 'zero' it moves when the input's zero point does (Kindermans 2017)."

RELEVANCE: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.LRP_EPSILON,
        family=Family.BACKPROP,
        title="LRP-epsilon",
        view=View.SIGNED,
        deterministic=True,
        summary="Each unit's relevance shared among its inputs in proportion to what they contributed.",
        formula="R_i = sum_j x_i w_ij / (z_j + epsilon sign z_j) R_j, R = z_c at the logit",
        source="Bach et al., On Pixel-Wise Explanations by Layer-Wise Relevance Propagation, 2015",
        cost="1 gradient pass, the way there shared with the other relevance rules",
        parameters=EpsilonParameters,
        folds=True,
        blind_spots=(
            "Input x Gradient under another name on networks of ReLUs, up to epsilon (Ancona 2018): bright pixels and "
            "edges show whatever the model learned. Biases take relevance with them. Moves when the input's zero point "
            "does (Kindermans 2017)."
        ),
    ),
    MethodCard(
        name=Method.LRP_GAMMA,
        family=Family.BACKPROP,
        title="LRP-gamma",
        view=View.SIGNED,
        deterministic=True,
        summary="LRP that favours contributions of the unit's own sign.",
        formula="R_i = sum_j x_i (w_ij + gamma w+_ij) / sum_i x_i (w_ij + gamma w+_ij) R_j",
        source="Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019; both signs: Andeol et al., 2021",
        cost="about 5 gradient passes",
        parameters=GammaParameters,
        folds=True,
        blind_spots=(
            "The larger gamma, the more it has the blind spots of lrp_z_plus; through ten layers the default is large. "
            "Moves with the zero point."
        ),
    ),
    MethodCard(
        name=Method.LRP_Z_PLUS,
        family=Family.BACKPROP,
        title="LRP-z+",
        view=View.SIGNED,
        deterministic=True,
        summary="Each unit's relevance shared among the inputs that excite it (alpha 1, beta 0).",
        formula="R_i = sum_j (x_i w_ij)+ / sum_i (x_i w_ij)+ R_j; biases ignored; sums to z_c",
        source="Bach et al., 2015; Montavon et al., Explaining Nonlinear Classification Decisions, 2017",
        cost="about 3 gradient passes, shared with deep_taylor, lrp_alpha2_beta1 and excitation_backprop",
        parameters=RelevanceParameters,
        folds=True,
        blind_spots=f"{_CONVERGES} Moves when the input's zero point does (Kindermans 2017).",
    ),
    MethodCard(
        name=Method.LRP_ALPHA2_BETA1,
        family=Family.BACKPROP,
        title="LRP-alpha2-beta1",
        view=View.SIGNED,
        deterministic=True,
        summary="Excitatory contributions twice, less inhibitory ones once; z^B at the first layer.",
        formula="R_i = sum_j (2 (x_i w_ij)+ / sum_i (x_i w_ij)+ - (x_i w_ij)- / sum_i (x_i w_ij)-) R_j; sums to z_c",
        source="Bach et al., On Pixel-Wise Explanations by Layer-Wise Relevance Propagation, 2015",
        cost="about 5 gradient passes, some shared with lrp_z_plus",
        parameters=AlphaBetaParameters,
        folds=True,
        blind_spots=f"{_CONVERGES} Grows with depth: each layer may double it. {_SHIFT}",
    ),
    MethodCard(
        name=Method.DEEP_TAYLOR,
        family=Family.BACKPROP,
        title="Deep Taylor decomposition",
        view=View.SIGNED,
        deterministic=True,
        summary="A Taylor expansion at every unit: z+ inside the network, z^B within the range of pixels at its start.",
        formula="z+; at the first layer R_i = sum_j (x_i w_ij - l w+_ij - h w-_ij) / sum_i (...) R_j; sums to z_c",
        source="Montavon et al., Explaining Nonlinear Classification Decisions with Deep Taylor Decomposition, 2017",
        cost="about 3 gradient passes, shared with lrp_z_plus",
        parameters=RootParameters,
        folds=True,
        blind_spots=f"{_CONVERGES} Derived for biases that are not positive, which it ignores. {_SHIFT}",
    ),
    MethodCard(
        name=Method.EXCITATION_BACKPROP,
        family=Family.BACKPROP,
        title="Excitation Backprop",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The probability that a winner, drawn unit by unit from the target down, comes by each place.",
        formula="P_i = sum_j a_i w+_ij / sum_i a_i w+_ij P_j, P = 1 at the target, summed over a layer's channels",
        source="Zhang et al., Top-Down Neural Attention by Excitation Backprop, 2016",
        cost="about 3 gradient passes, shared with lrp_z_plus",
        parameters=ExcitationParameters,
        folds=True,
        blind_spots=f"{_CONVERGES} The contrastive form, which subtracts another class's map, is not offered.",
    ),
)
