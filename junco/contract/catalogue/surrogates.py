"""Surrogates: simple models of how the score answers to segments that are shown or hidden, and what they say."""

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import Shape
from junco.contract.catalogue.segments import FilledParameters, SampledParameters
from junco.contract.catalogue.words import Family, Method, View

_SAMPLES = SampledParameters.model_fields["samples"].description


class LimeParameters(SampledParameters):
    """A weighted ridge regression on random coalitions of segments (Ribeiro et al. 2016)."""

    kernel_width: float = Field(
        default=0.25, gt=0, le=100, description="Width of the exponential kernel on the cosine distance to the image."
    )
    ridge: float = Field(
        default=1.0, ge=0, le=1e6, description="Penalty on squared coefficients; 0 is plain weighted least squares."
    )


class KernelShapParameters(SampledParameters):
    """Shapley values by a weighted regression under the Shapley kernel (Lundberg & Lee 2017)."""

    def least(self) -> int:
        """Complements say the same of a linear surrogate: each pair of samples adds one equation."""
        return 2 * self.segments + 2

    def asked(self) -> int:
        """Coalitions that are asked about: as many as samples, or all of them if those are fewer."""
        return min(self.samples, 1 << self.segments)

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """A forward pass a coalition."""
        return self.asked()


class ShapleySamplingParameters(FilledParameters):
    """Shapley values as mean marginal contributions over random orders (Castro et al. 2009)."""

    permutations: int = Field(default=10, ge=1, le=10_000, description="Random orders in which segments are shown.")

    def passes(self, shape: Shape) -> int:  # noqa: ARG002 - the price does not depend on the image
        """Every order shows all segments but the last one by one; its two ends are the same for all orders."""
        return 2 + self.permutations * (self.segments - 1)


class AnchorsParameters(SampledParameters):
    """The search for a few segments that alone settle the answer (Ribeiro et al. 2018)."""

    samples: int = Field(default=1000, ge=2, le=100_000, description=_SAMPLES)
    threshold: float = Field(
        default=0.95, gt=0, lt=1, description="Precision from which a set of segments is an anchor."
    )
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Confidence of every comparison of precisions.")
    tolerance: float = Field(default=0.15, gt=0, lt=1, description="Differences of precision that do not matter.")
    beam: int = Field(default=2, ge=1, le=10, description="Sets that are kept while they grow.")
    most: int = Field(default=4, ge=1, le=20, description="Segments in an anchor at most.")

    def least(self) -> int:
        """Two samples, in the mean, in which a segment is shown, and two in which it is not, for each segment."""
        return 4 * self.segments + 2


_SHARED = (
    "What depends on the segments: two in which the same evidence shows look unimportant alone, and nothing smaller "
    "than a segment is seen. Images with holes are unlike any that the model knows, and a fixed fill ties the map to "
    "the encoding of pixels."
)

SURROGATES: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.LIME,
        family=Family.PERTURBATION,
        title="LIME",
        view=View.SIGNED,
        deterministic=False,
        gradients=False,
        summary="Coefficients of a linear model of the score over segments shown or hidden, near the whole image.",
        formula="A = argmin over b of sum over z of k(z) (z_c(x_z) - b_0 - b'z)^2 + ridge |b|^2, z_j = shown or hidden",
        source="Ribeiro et al., Why Should I Trust You?, 2016",
        cost="samples forward passes",
        parameters=LimeParameters,
        blind_spots=f"{_SHARED} Kernel width and ridge decide how local the model is, and maps differ between runs.",
    ),
    MethodCard(
        name=Method.KERNEL_SHAP,
        family=Family.PERTURBATION,
        title="Kernel SHAP",
        view=View.SIGNED,
        deterministic=False,
        gradients=False,
        summary="Shapley values of segments, by a regression under the Shapley kernel; they sum to z_c(x) - z_c(x0).",
        formula="as LIME with k(z) = (M - 1) / (C(M, |z|) |z| (M - |z|)), no penalty, and sum of A = z_c(x) - z_c(x0)",
        source="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, 2017",
        cost="samples forward passes",
        parameters=KernelShapParameters,
        blind_spots=f"{_SHARED} Completeness says nothing of counterfactuals (Bilodeau et al. 2022).",
    ),
    MethodCard(
        name=Method.SHAPLEY_SAMPLING,
        family=Family.PERTURBATION,
        title="Shapley value sampling",
        view=View.SIGNED,
        deterministic=False,
        gradients=False,
        summary="What each segment adds to the score when segments are shown in random order, in the mean over orders.",
        formula="A_j = mean over orders of z_c(x with j and all before it) - z_c(x with all before it)",
        source="Castro et al., Polynomial Calculation of the Shapley Value Based on Sampling, 2009",
        cost="2 + permutations * (segments - 1) forward passes",
        parameters=ShapleySamplingParameters,
        blind_spots=f"{_SHARED} Completeness says nothing of counterfactuals (Bilodeau et al. 2022).",
    ),
    MethodCard(
        name=Method.ANCHORS,
        family=Family.PERTURBATION,
        title="Anchors",
        view=View.UNSIGNED,
        deterministic=False,
        gradients=False,
        summary="How often the class keeps its rank while a segment is kept; the segments of an anchor first.",
        formula="A_j = P(c keeps its rank in z(x_s) | s keeps j), + 1 if j is in the anchor, a smallest precise set",
        source="Ribeiro et al., Anchors: High-Precision Model-Agnostic Explanations, 2018",
        cost="samples forward passes",
        parameters=AnchorsParameters,
        blind_spots=(
            f"{_SHARED} It sees ranks, not scores: of a class whose rank never changes, whatever is hidden, it says "
            "nothing."
        ),
    ),
)
