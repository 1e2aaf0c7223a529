"""The gradient family: maps made of input gradients at one or more points."""

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import BaselineParameters, MethodParameters, NoParameters, Shape
from junco.contract.catalogue.words import Family, Method, View


class IntegratedGradientsParameters(BaselineParameters):
    """Path integral from a baseline (Sundararajan et al. 2017)."""

    steps: int = Field(default=50, ge=2, le=1000, description="Points of the Gauss-Legendre quadrature.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as the quadrature has points."""
        return self.steps


class SmoothGradParameters(MethodParameters):
    """Mean gradient under Gaussian noise (Smilkov et al. 2017)."""

    samples: int = Field(default=50, ge=2, le=1000, description="Noise draws per image.")
    sigma: float = Field(
        default=0.15, gt=0, le=1, description="Noise standard deviation over the image's own range, max - min."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as noise draws."""
        return self.samples


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
        parameters=NoParameters,
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
        parameters=NoParameters,
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
        cost="samples gradient passes",
        parameters=SmoothGradParameters,
    ),
)
