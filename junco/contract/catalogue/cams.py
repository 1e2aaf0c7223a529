"""Class activation maps: a layer's channels, weighted and summed."""

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import BaselineParameters, BetaParameters, LayerParameters, Shape
from junco.contract.catalogue.words import Family, Method, View

_USUAL_CHANNELS = 512


class CamParameters(LayerParameters, BetaParameters):
    """The layer whose activations carry the map, and the twin of the model that both and their gradients come from."""


class ScoreCamParameters(LayerParameters, BaselineParameters):
    """Channels as masks on the image, weighted by the score that they leave (Wang et al. 2020)."""

    channels: int | None = Field(
        default=None,
        ge=1,
        description="How many channels vote, those of largest variance over the map first; all of them if absent.",
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """A forward pass a channel, and one for the image; a last layer's usual width where all of them vote."""
        return 1 + (self.channels or _USUAL_CHANNELS)


_COARSE = (
    "As coarse as the layer, a token's patch or a cell of the last maps; sees only what is destroyed behind the layer."
)
_RECTIFIED = "Evidence against the class is cut off, and a randomised model often leaves an empty map."

CAMS: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.GRAD_CAM,
        family=Family.CAM,
        title="Grad-CAM",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The last convolution's channels, weighted by their mean gradient, kept where positive.",
        formula="A = max(sum over k of mean_ij(dz_c/da_k) * a_k, 0), at the layer's own resolution",
        source="Selvaraju et al., Grad-CAM, 2017",
        cost="1 forward pass and the top of a backward pass",
        parameters=CamParameters,
        blind_spots=f"{_COARSE} {_RECTIFIED}",
    ),
    MethodCard(
        name=Method.GRAD_CAM_PLUS_PLUS,
        family=Family.CAM,
        title="Grad-CAM++",
        view=View.UNSIGNED,
        deterministic=True,
        summary="Grad-CAM with each place's positive gradient weighted by a closed form of its powers.",
        formula=(
            "A = max(sum over k of w_k * a_k, 0), w_k = sum_ij alpha_ij max(g_ij, 0), g = dz_c/da_k, "
            "alpha = g^2 / (2 g^2 + g^3 sum_ij a_k)"
        ),
        source="Chattopadhay et al., Grad-CAM++, 2018",
        cost="1 forward pass and the top of a backward pass, shared with grad_cam",
        parameters=CamParameters,
        blind_spots=(
            f"{_COARSE} {_RECTIFIED} Weights are never negative: on maps behind a ReLU it is close to the mean "
            "activation, with little of the class in it (Lerma & Lucas, Grad-CAM++ is Equivalent to Grad-CAM With "
            "Positive Gradients, 2022)."
        ),
    ),
    MethodCard(
        name=Method.LAYER_CAM,
        family=Family.CAM,
        title="LayerCAM",
        view=View.UNSIGNED,
        deterministic=True,
        summary="A layer's activations, each weighted by its own positive gradient.",
        formula="A = max(sum over k of max(dz_c/da_k, 0) * a_k, 0), at the layer's own resolution",
        source="Jiang et al., LayerCAM, 2021",
        cost="1 forward pass and the top of a backward pass, shared with grad_cam",
        parameters=CamParameters,
        blind_spots=f"{_COARSE} {_RECTIFIED}",
    ),
    MethodCard(
        name=Method.SCORE_CAM,
        family=Family.CAM,
        title="Score-CAM",
        view=View.UNSIGNED,
        deterministic=True,
        summary="A layer's channels, weighted by the score of the image seen through each of them; no gradients.",
        formula=(
            "A = max(sum over k of w_k * a_k, 0), w = softmax over k of z_c(x0 + m_k (x - x0)), "
            "m_k = a_k scaled to [0, 1] and enlarged"
        ),
        source="Wang et al., Score-CAM, 2020",
        cost="1 forward pass a channel",
        parameters=ScoreCamParameters,
        blind_spots=(
            f"{_COARSE} {_RECTIFIED} Weights are never negative, and a softmax over channels of large logits keeps "
            "little more than one channel. Masked images are unlike any that the model has learned from."
        ),
    ),
    MethodCard(
        name=Method.GUIDED_GRAD_CAM,
        family=Family.CAM,
        title="Guided Grad-CAM",
        view=View.SIGNED,
        deterministic=True,
        summary="Guided Backpropagation gated by the Grad-CAM map, resized to the input.",
        formula="A = guided_backprop * upsample(grad_cam)",
        source="Selvaraju et al., Grad-CAM, 2017",
        cost="guided_backprop and grad_cam, shared with them",
        parameters=CamParameters,
        blind_spots=(
            "Drawn by Guided Backpropagation, which hardly depends on the layers behind the first ones: Adebayo et al. "
            "2018 found it to fail with it. Grad-CAM only chooses where it shows."
        ),
    ),
)
