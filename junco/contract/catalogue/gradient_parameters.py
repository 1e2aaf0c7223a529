"""Parameters of the gradient family: noise, paths, samples."""

from typing import Literal

from pydantic import Field

from junco.contract.catalogue.parameters import BaselineParameters, BetaParameters, Shape

Quadrature = Literal["gauss_legendre", "trapezoid", "riemann_right", "riemann_middle", "linspace"]


class IntegratedGradientsParameters(BaselineParameters, BetaParameters):
    """Path integral from a baseline (Sundararajan et al. 2017)."""

    steps: int = Field(default=50, ge=2, le=1000, description="Points of the quadrature.")
    quadrature: Quadrature = Field(
        default="gauss_legendre",
        description=(
            "How the integral is taken: riemann_right and riemann_middle divide the path into equal parts; linspace is "
            "the plain mean over equally spaced points, both ends included, as in the code of Adebayo et al."
        ),
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as the quadrature has points."""
        return self.steps


class NoiseParameters(BetaParameters):
    """Gaussian noise on the image (Smilkov et al. 2017)."""

    samples: int = Field(default=50, ge=2, le=1000, description="Noise draws per image.")
    sigma: float = Field(
        default=0.15, gt=0, le=1, description="Noise standard deviation over the image's own range, max - min."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as noise draws."""
        return self.samples


class SmoothGradParameters(NoiseParameters):
    """Mean gradient under Gaussian noise (Smilkov et al. 2017)."""


class VarGradParameters(NoiseParameters):
    """Variance of the gradient under SmoothGrad's noise (Adebayo et al. 2018)."""

    samples: int = Field(default=25, ge=2, le=1000, description="Noise draws per image.")


class IntegratedGradientsSmoothGradParameters(IntegratedGradientsParameters, NoiseParameters):
    """Mean of Integrated Gradients under SmoothGrad's noise (Adebayo et al. 2018)."""

    samples: int = Field(default=25, ge=2, le=1000, description="Noise draws per image.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """A path for each noise draw."""
        return self.steps * self.samples


class GradientShapParameters(BaselineParameters, BetaParameters):
    """Expected gradient between random baselines and the image (Lundberg & Lee 2017)."""

    samples: int = Field(default=50, ge=2, le=1000, description="Draws of baseline and place per image.")
    spread: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Standard deviation of the baselines around ``baseline``, over the image's own range, max - min.",
    )
    sigma: float = Field(
        default=0.0, ge=0, le=1, description="Standard deviation of noise on the image, over its own range, max - min."
    )

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as draws."""
        return self.samples


class ExpectedGradientsParameters(BetaParameters):
    """Expected gradient between the plan's other images and the image (Erion et al. 2021)."""

    samples: int = Field(default=100, ge=2, le=1000, description="Draws of reference image and place per image.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """As many gradient passes as draws."""
        return self.samples

    def least_images(self) -> int:
        """The image itself is no reference to itself."""
        return 2
