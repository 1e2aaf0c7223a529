"""What a user asks for: methods, checks, and how they are to be run."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator, model_validator

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import METHODS, CheckName, Control, Method, named
from junco.contract.catalogue.given import require_parameters
from junco.contract.catalogue.parameters import InputValue
from junco.contract.images import PreprocessingRequest
from junco.contract.looks import Look
from junco.contract.profile import ProfileName
from junco.contract.randomization import ConventionName, RandomizationRequest, TargetPolicy
from junco.contract.training import Supplied, TrainingRecipe

CHECKS_BY_DEFAULT = (CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT, CheckName.CLASS_SENSITIVITY)
"""What a plan runs that names no checks."""

Shift = InputValue | Literal["range", "checkerboard", "image"]
"""A constant; minus the data's range; that on every other square; or one that draws a picture into Input x Gradient."""


def _shifts(given: Shift | tuple[Shift, ...]) -> Shift | tuple[Shift, ...]:
    several = given if isinstance(given, tuple) else (given,)
    if not several or len(set(several)) < len(several) or 0 in several:
        raise ValueError("a shift is asked for once, and is not zero")
    return given


Shifts = Annotated[Shift | Annotated[tuple[Shift, ...], Field(max_length=8)], AfterValidator(_shifts)]
"""One shift, or several, each compared for itself."""


def _unknown(name: object) -> str:
    text = str(name)[:50]
    near = get_close_matches(text, METHODS, n=3)
    meant = f"; near matches: {', '.join(near)}" if near else ""
    return f"unknown method {text!r}{meant}; known are {', '.join(METHODS)}"


class MethodRequest(Frozen):
    """A method, its parameters, and the checks to run it under (all of the plan's if absent)."""

    method: Method | Control
    parameters: dict[str, JsonValue] = {}
    checks: tuple[CheckName, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_name(cls, value: Any) -> Any:
        return {"method": value} if isinstance(value, str) else value

    @field_validator("method", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        try:
            return named(value)
        except ValueError:
            raise ValueError(_unknown(value)) from None

    # A field's validator rather than the model's, so that errors point into "parameters".
    @field_validator("parameters")
    @classmethod
    def _fit(cls, value: dict[str, JsonValue], seen: ValidationInfo) -> dict[str, JsonValue]:
        if "method" in seen.data:  # else the method's own error says enough
            require_parameters(METHODS[seen.data["method"]], value)
        return value


METHODS_BY_DEFAULT = tuple(
    MethodRequest(method=name)
    for name in (Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM)
)
"""What a plan explains with that names no methods."""

METHODS_WITHOUT_GRADIENTS = (MethodRequest(method=Method.OCCLUSION),)
"""The same, for a model that has no gradients."""


class PlanRequest(Frozen):
    """A validation as a user asks for it."""

    model: Digest
    images: Digest
    methods: tuple[MethodRequest, ...] = Field(
        default=METHODS_BY_DEFAULT,
        min_length=1,
        max_length=32,
        description="The usual ones if absent; for a model without gradients, occlusion.",
    )
    checks: tuple[CheckName, ...] = Field(default=CHECKS_BY_DEFAULT, min_length=1)
    profile: ProfileName = ProfileName.STANDARD
    look: Look = Field(
        default=Look.ONLY,
        description="First: the recommended number of images, at half of alpha; second: twice the images and seeds, "
        "at the other half, where the first was inconclusive.",
    )
    preprocessing: PreprocessingRequest = PreprocessingRequest()
    seed: int = Field(default=0, ge=0, lt=2**32)
    output: str | None = Field(
        default=None, max_length=255, description="Which output to explain, when there are several."
    )
    shift: Shifts = Field(default="range", description="Input shift in model input space, or several.")
    target: Annotated[int, Field(ge=0)] | Literal["predicted"] = Field(
        default="predicted", description="The class to explain: each image's predicted one, or one index for all."
    )
    target_policy: TargetPolicy | None = Field(
        default=None, description="Which class is explained on randomised models; absent, as the convention has it."
    )
    convention: ConventionName = Field(
        default=ConventionName.AUDIT, description="Whose form of parameter_randomization is run."
    )
    randomization: RandomizationRequest = Field(
        default=RandomizationRequest(), description="What shall differ from the convention."
    )
    training: TrainingRecipe = Field(default=TrainingRecipe(), description="How data_randomization trains.")
    label_models: Supplied | None = Field(
        default=None, description="Models to compare in place of trainings, uploaded beforehand."
    )
    reference_models: tuple[Digest, ...] = Field(
        default=(),
        max_length=16,
        description="Honest models of the same task that model_manipulation compares with, uploaded beforehand.",
    )
    timeout_seconds: int = Field(default=3600, ge=10, le=86400)
    labels: dict[str, str] = Field(default={}, max_length=32, description="The caller's own tags on the job.")
