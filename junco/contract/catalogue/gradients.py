"""The gradient family: maps made of input gradients at one or more points."""

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.gradient_parameters import (
    ExpectedGradientsParameters,
    GradientShapParameters,
    IntegratedGradientsParameters,
    IntegratedGradientsSmoothGradParameters,
    SmoothGradParameters,
    VarGradParameters,
)
from junco.contract.catalogue.parameters import BetaParameters
from junco.contract.catalogue.words import Family, Method, View

_NOISY_EDGES = "Averages over a neighbourhood: what differs between nearby images is lost, edges of the input stay."
_INPUT_DOMINATED = (
    "Multiplied by the input: bright pixels and edges show whatever the model learned, and unsigned or structural "
    "similarity hardly falls when the model is destroyed; only signed ranks do. Moves when the input's zero point does."
)

GRADIENTS: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.GRADIENT,
        family=Family.GRADIENT,
        title="Gradient",
        view=View.SIGNED,
        deterministic=True,
        summary="Sensitivity of the class logit to each input value.",
        formula="A = dz_c/dx",
        source="Simonyan et al., Deep Inside Convolutional Networks, 2013",
        cost="1 gradient pass",
        parameters=BetaParameters,
        blind_spots=(
            "Local: a saturated unit has no gradient, however much it matters. Follows the curvature of the model, so "
            "that a change too small to see can draw another map (beta smooths it). Its magnitude is the unsigned view."
        ),
    ),
    MethodCard(
        name=Method.INPUT_X_GRADIENT,
        family=Family.GRADIENT,
        title="Input x Gradient",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient weighted by the input value.",
        formula="A = x * dz_c/dx",
        source="Shrikumar et al., Not Just a Black Box, 2016",
        cost="1 gradient pass, shared with gradient",
        parameters=BetaParameters,
        blind_spots=_INPUT_DOMINATED,
    ),
    MethodCard(
        name=Method.INTEGRATED_GRADIENTS,
        family=Family.GRADIENT,
        title="Integrated Gradients",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient averaged along the straight path from a baseline, weighted by the distance.",
        formula="A = (x - x0) * mean over a in [0, 1] of dz_c/dx at x0 + a (x - x0)",
        source="Sundararajan et al., Axiomatic Attribution for Deep Networks, 2017",
        cost="steps gradient passes",
        parameters=IntegratedGradientsParameters,
        blind_spots=f"What equals the baseline gets nothing. {_INPUT_DOMINATED}",
    ),
    MethodCard(
        name=Method.SMOOTHGRAD,
        family=Family.GRADIENT,
        title="SmoothGrad",
        view=View.SIGNED,
        deterministic=False,
        summary="The gradient averaged over noisy copies of the input.",
        formula="A = mean over e ~ N(0, s^2) of dz_c/dx at x + e, s = sigma (max x - min x)",
        source="Smilkov et al., SmoothGrad, 2017",
        cost="samples gradient passes, shared with vargrad at the same sigma and beta",
        parameters=SmoothGradParameters,
        blind_spots=_NOISY_EDGES,
    ),
    MethodCard(
        name=Method.VARGRAD,
        family=Family.GRADIENT,
        title="VarGrad",
        view=View.UNSIGNED,
        deterministic=False,
        summary="The variance of the gradient over noisy copies of the input.",
        formula="A = variance over e ~ N(0, s^2) of dz_c/dx at x + e, s = sigma (max x - min x)",
        source="Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity, 2018",
        cost="samples gradient passes, shared with smoothgrad at the same sigma and beta",
        parameters=VarGradParameters,
        blind_spots=(
            "Zero wherever the model is linear, however strong its weights; without a sign. Shows where the gradient "
            "changes, not what speaks for the class."
        ),
    ),
    MethodCard(
        name=Method.INTEGRATED_GRADIENTS_SMOOTHGRAD,
        family=Family.GRADIENT,
        title="Integrated Gradients SmoothGrad",
        view=View.SIGNED,
        deterministic=False,
        summary="Integrated Gradients averaged over noisy copies of the input.",
        formula="A = mean over e ~ N(0, s^2) of integrated_gradients at x + e",
        source="Adebayo et al., Sanity Checks for Saliency Maps, 2018",
        cost="steps x samples gradient passes",
        parameters=IntegratedGradientsSmoothGradParameters,
        blind_spots=f"{_NOISY_EDGES} {_INPUT_DOMINATED}",
    ),
    MethodCard(
        name=Method.GRADIENT_SHAP,
        family=Family.GRADIENT,
        title="Gradient SHAP",
        view=View.SIGNED,
        deterministic=False,
        summary="The gradient at random places between random baselines and the image, weighted by the distance.",
        formula="A = mean over x0 ~ N(baseline, s^2), a ~ U(0, 1) of (x - x0) * dz_c/dx at x0 + a (x - x0)",
        source="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, 2017",
        cost="samples gradient passes",
        parameters=GradientShapParameters,
        blind_spots=f"Shapley values only as far as the model is linear and pixels are independent. {_INPUT_DOMINATED}",
    ),
    MethodCard(
        name=Method.EXPECTED_GRADIENTS,
        family=Family.GRADIENT,
        title="Expected Gradients",
        view=View.SIGNED,
        deterministic=False,
        summary="Gradient SHAP with the plan's other images as baselines.",
        formula="A = mean over the other images x', a ~ U(0, 1) of (x - x') * dz_c/dx at x' + a (x - x')",
        source="Erion et al., Improving Performance of Deep Learning Models with Axiomatic Attribution Priors, 2021",
        cost="samples gradient passes",
        parameters=ExpectedGradientsParameters,
        blind_spots=(
            "Shows the difference to the plan's other images: what all of them share gets nothing. Multiplied by that "
            "difference, so that outlines of image and references show whatever the model learned."
        ),
    ),
)
