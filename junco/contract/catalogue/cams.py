"""Class activation maps: a layer's channels, weighted and summed."""

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import LayerParameters
from junco.contract.catalogue.words import Family, Method, View

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
        parameters=LayerParameters,
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
        parameters=LayerParameters,
    ),
)
