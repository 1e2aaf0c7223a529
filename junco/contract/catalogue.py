"""The closed lists that users depend on: methods, controls, checks, verdicts. The audit maps each name to code."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from pydantic import Field, model_validator

from junco.contract.base import Frozen


class Method(StrEnum):
    """Explanation methods that a plan may ask for."""

    GRADIENT = "gradient"
    INPUT_X_GRADIENT = "input_x_gradient"
    INTEGRATED_GRADIENTS = "integrated_gradients"
    SMOOTHGRAD = "smoothgrad"
    GUIDED_BACKPROP = "guided_backprop"
    GRAD_CAM = "grad_cam"
    GUIDED_GRAD_CAM = "guided_grad_cam"


class Control(StrEnum):
    """Maps whose verdict is known beforehand; a job that misjudges one of them distrusts itself."""

    EDGE_DETECTOR = "edge_detector"
    GAUSSIAN_NOISE = "gaussian_noise"
    CONSTANT = "constant"
    FIXED_PRIOR = "fixed_prior"
    EDGE_X_GRADIENT = "edge_x_gradient"


class CheckName(StrEnum):
    """Sanity checks that a plan may ask for."""

    PARAMETER_RANDOMIZATION = "parameter_randomization"
    INPUT_SHIFT = "input_shift"


class Verdict(StrEnum):
    """What is said of an explanation, never of a job."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    NOT_RUN = "not_run"


class View(StrEnum):
    """How a raw map is reduced over channels before maps are compared."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


class Arm(StrEnum):
    """How parameters are destroyed: drawn anew, or shuffled within each tensor."""

    REINIT = "reinit"
    PERMUTE = "permute"


class Depth(StrEnum):
    """How much of the network is randomised, from the output down."""

    LOGIT = "logit"
    TOP = "top"
    FULL = "full"


class NoParameters(Frozen):
    """The method has no parameters."""


class IntegratedGradientsParameters(Frozen):
    """Path integral from a baseline (Sundararajan et al. 2017)."""

    steps: int = Field(default=50, ge=2, le=1000, description="Points of the Gauss-Legendre quadrature.")
    baseline: Literal["zero", "black", "mean", "custom"] = Field(
        default="zero",
        description=(
            "zero: the zero vector in model input space; black and mean: the smallest and the mean value of "
            "the data, which move with the data when the input is shifted; custom: baseline_values."
        ),
    )
    baseline_values: tuple[float, ...] | None = Field(
        default=None, description="One value per channel in model input space, for a custom baseline."
    )

    @model_validator(mode="after")
    def _custom_needs_values(self) -> "IntegratedGradientsParameters":
        if (self.baseline == "custom") != (self.baseline_values is not None):
            raise ValueError("baseline_values goes with baseline 'custom', and only with it")
        return self


class SmoothGradParameters(Frozen):
    """Mean gradient under Gaussian noise (Smilkov et al. 2017)."""

    samples: int = Field(default=50, ge=2, le=1000, description="Noise draws per image.")
    sigma: float = Field(
        default=0.15, gt=0, le=1, description="Noise standard deviation over the image's own range, max - min."
    )


class LayerParameters(Frozen):
    """The layer whose activations carry the map."""

    layer: str | None = Field(
        default=None, description="A layer's name as inspection lists it; found by itself if absent."
    )


class FixedPriorParameters(Frozen):
    """A centred Gaussian blob."""

    width: float = Field(default=0.25, gt=0, le=2, description="Standard deviation over half the image side.")


class MethodCard(Frozen):
    """What a catalogue says of a method or control."""

    name: Method | Control
    title: str
    summary: str
    view: View
    deterministic: bool
    formula: str
    source: str
    cost: str
    parameters: type[Frozen]
    expected: Verdict | None = Field(
        default=None, description="A control's known verdict under parameter_randomization."
    )


class CheckCard(Frozen):
    """What a catalogue says of a check."""

    name: CheckName
    title: str
    summary: str
    question: str
    source: str


_ADEBAYO = "Adebayo et al., Sanity Checks for Saliency Maps, 2018"

_METHODS = (
    MethodCard(
        name=Method.GRADIENT,
        title="Gradient",
        view=View.SIGNED,
        deterministic=True,
        summary="Sensitivity of the class logit to each input value.",
        formula="A = dz_c/dx",
        source="Simonyan et al., Deep Inside Convolutional Networks, 2013",
        cost="1 gradient pass",
        parameters=NoParameters,
    ),
    MethodCard(
        name=Method.INPUT_X_GRADIENT,
        title="Input x Gradient",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient weighted by the input value.",
        formula="A = x * dz_c/dx",
        source="Shrikumar et al., Not Just a Black Box, 2016",
        cost="1 gradient pass, shared with gradient",
        parameters=NoParameters,
    ),
    MethodCard(
        name=Method.INTEGRATED_GRADIENTS,
        title="Integrated Gradients",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient averaged along the straight path from a baseline, weighted by the distance.",
        formula="A = (x - x0) * mean over a in [0, 1] of dz_c/dx at x0 + a (x - x0)",
        source="Sundararajan et al., Axiomatic Attribution for Deep Networks, 2017",
        cost="steps gradient passes",
        parameters=IntegratedGradientsParameters,
    ),
    MethodCard(
        name=Method.SMOOTHGRAD,
        title="SmoothGrad",
        view=View.SIGNED,
        deterministic=False,
        summary="The gradient averaged over noisy copies of the input.",
        formula="A = mean over e ~ N(0, s^2) of dz_c/dx at x + e, s = sigma (max x - min x)",
        source="Smilkov et al., SmoothGrad, 2017",
        cost="samples gradient passes",
        parameters=SmoothGradParameters,
    ),
    MethodCard(
        name=Method.GUIDED_BACKPROP,
        title="Guided Backpropagation",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient with negative signals cut at every ReLU on the way back.",
        formula="R_in = 1{z > 0} * max(R_out, 0) at every ReLU",
        source="Springenberg et al., Striving for Simplicity, 2014",
        cost="1 gradient pass",
        parameters=NoParameters,
    ),
    MethodCard(
        name=Method.GRAD_CAM,
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

_CONTROLS = (
    MethodCard(
        name=Control.EDGE_DETECTOR,
        title="Edge detector",
        view=View.UNSIGNED,
        deterministic=True,
        summary="Sobel magnitude of the image: never asks the model.",
        formula="A = |Sobel(grey(x))|",
        source=_ADEBAYO,
        cost="none",
        parameters=NoParameters,
        expected=Verdict.FAIL,
    ),
    MethodCard(
        name=Control.GAUSSIAN_NOISE,
        title="Gaussian noise",
        view=View.SIGNED,
        deterministic=False,
        summary="A new random map for every request.",
        formula="A ~ N(0, 1)",
        source="Binder et al., Shortcomings of Top-Down Randomization, 2022",
        cost="none",
        parameters=NoParameters,
        expected=Verdict.INVALID,
    ),
    MethodCard(
        name=Control.CONSTANT,
        title="Constant map",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The same value everywhere.",
        formula="A = 1",
        source="control",
        cost="none",
        parameters=NoParameters,
        expected=Verdict.INVALID,
    ),
    MethodCard(
        name=Control.FIXED_PRIOR,
        title="Fixed prior",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The same centred blob for every image and model.",
        formula="A = exp(-r^2 / 2 w^2)",
        source="control",
        cost="none",
        parameters=FixedPriorParameters,
        expected=Verdict.FAIL,
    ),
    MethodCard(
        name=Control.EDGE_X_GRADIENT,
        title="Edge x Gradient",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient painted onto edges: the rule's known blind spot, shown so that nobody forgets it.",
        formula="A = |Sobel(grey(x))| * dz_c/dx",
        source="control",
        cost="1 gradient pass, shared with gradient",
        parameters=NoParameters,
        expected=Verdict.PASS,
    ),
)

METHODS: Mapping[Method | Control, MethodCard] = MappingProxyType({card.name: card for card in _METHODS + _CONTROLS})
"""Every method and control by name."""

CHECKS: Mapping[CheckName, CheckCard] = MappingProxyType(
    {
        CheckName.PARAMETER_RANDOMIZATION: CheckCard(
            name=CheckName.PARAMETER_RANDOMIZATION,
            title="Parameter randomization",
            summary="Randomises the model's parameters from the output down and asks whether the map changes.",
            question="Does the explanation depend on what the model has learned?",
            source=_ADEBAYO,
        ),
        CheckName.INPUT_SHIFT: CheckCard(
            name=CheckName.INPUT_SHIFT,
            title="Input shift",
            summary="Shifts the input and compensates in the model, so that nothing the model computes changes.",
            question="Does the explanation stay put when only the encoding of the pixels moves?",
            source="Kindermans et al., The (Un)reliability of Saliency Methods, 2017",
        ),
    }
)
"""Every check by name."""


def named(name: str) -> Method | Control:
    """The method or control called ``name``; raises ``ValueError`` for anything else."""
    try:
        return Method(name)
    except ValueError:
        return Control(name)
