"""Controls: maps whose verdict is known beforehand."""

from pydantic import Field

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.checks import ADEBAYO as _ADEBAYO
from junco.contract.catalogue.parameters import MethodParameters, NoParameters
from junco.contract.catalogue.words import Control, Family, Verdict, View


class FixedPriorParameters(MethodParameters):
    """A centred Gaussian blob."""

    width: float = Field(default=0.25, gt=0, le=2, description="Standard deviation over half the image side.")


CONTROLS: tuple[MethodCard, ...] = (
    MethodCard(
        name=Control.EDGE_DETECTOR,
        family=Family.CONTROL,
        title="Edge detector",
        view=View.UNSIGNED,
        deterministic=True,
        summary="Sobel magnitude of the image: never asks the model.",
        formula="A = |Sobel(grey(x))|",
        source=_ADEBAYO,
        cost="none",
        parameters=NoParameters,
        expected=Verdict.FAIL,
        gradients=False,
    ),
    MethodCard(
        name=Control.GAUSSIAN_NOISE,
        family=Family.CONTROL,
        title="Gaussian noise",
        view=View.SIGNED,
        deterministic=False,
        summary="A new random map for every request.",
        formula="A ~ N(0, 1)",
        source="Binder et al., Shortcomings of Top-Down Randomization, 2022",
        cost="none",
        parameters=NoParameters,
        expected=Verdict.INVALID,
        gradients=False,
    ),
    MethodCard(
        name=Control.CONSTANT,
        family=Family.CONTROL,
        title="Constant map",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The same value everywhere.",
        formula="A = 1",
        source="control",
        cost="none",
        parameters=NoParameters,
        expected=Verdict.INVALID,
        gradients=False,
    ),
    MethodCard(
        name=Control.FIXED_PRIOR,
        family=Family.CONTROL,
        title="Fixed prior",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The same centred blob for every image and model.",
        formula="A = exp(-r^2 / 2 w^2)",
        source="control",
        cost="none",
        parameters=FixedPriorParameters,
        expected=Verdict.FAIL,
        gradients=False,
    ),
    MethodCard(
        name=Control.EDGE_X_GRADIENT,
        family=Family.CONTROL,
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
    MethodCard(
        name=Control.RANDOM_WEIGHTS,
        family=Family.CONTROL,
        title="Random weights",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient of the same architecture with random weights: knows the image, never the model.",
        formula="A = dz_c/dx of a network with fixed random weights",
        source="Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity, 2018",
        cost="1 gradient pass",
        parameters=NoParameters,
        expected=Verdict.FAIL,
    ),
    MethodCard(
        name=Control.INPUT_ONLY,
        family=Family.CONTROL,
        title="Input only",
        view=View.UNSIGNED,
        deterministic=True,
        summary="The magnitude of the input: what every method that multiplies by it shows at least.",
        formula="A = |x|",
        source="control",
        cost="none",
        parameters=NoParameters,
        expected=Verdict.FAIL,
        gradients=False,
    ),
)
