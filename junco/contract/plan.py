"""What a user asks for, what that resolves to, and the shards that it falls into."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator, model_validator

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import (
    METHODS,
    Arm,
    CheckName,
    Control,
    Depth,
    Method,
    MethodCard,
    MethodParameters,
    named,
)
from junco.contract.conventions import AUDIT
from junco.contract.images import Preprocessing, PreprocessingRequest
from junco.contract.looks import Look
from junco.contract.profile import Profile, ProfileName
from junco.contract.randomization import ConventionName, NormPolicy, Randomization, RandomizationRequest, TargetPolicy
from junco.contract.training import Supplied, Training, TrainingRecipe

CONTROLS_ALWAYS = (Control.EDGE_DETECTOR, Control.GAUSSIAN_NOISE, Control.CONSTANT, Method.GRADIENT)
"""Judged in every job beside what was asked: their verdicts are known, so they show whether the job can be trusted."""

CHECKS_BY_DEFAULT = (CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT, CheckName.CLASS_SENSITIVITY)
"""What a plan runs that names no checks."""


Shift = Annotated[float, Field(allow_inf_nan=False)] | Literal["range", "checkerboard", "image"]
"""A constant; minus the data's range; that on every other square; or one that draws a picture into Input x Gradient."""


def _shifts(given: Shift | tuple[Shift, ...]) -> Shift | tuple[Shift, ...]:
    several = given if isinstance(given, tuple) else (given,)
    if not several or len(set(several)) < len(several) or 0 in several:
        raise ValueError("a shift is asked for once, and is not zero")
    return given


Shifts = Annotated[Shift | Annotated[tuple[Shift, ...], Field(max_length=8)], AfterValidator(_shifts)]
"""One shift, or several, each compared for itself."""


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
            raise ValueError(f"unknown method {value!r}; known are {', '.join(METHODS)}") from None

    # A field's validator rather than the model's, so that errors point into "parameters".
    @field_validator("parameters")
    @classmethod
    def _fit(cls, value: dict[str, JsonValue], seen: ValidationInfo) -> dict[str, JsonValue]:
        if "method" in seen.data:  # else the method's own error says enough
            METHODS[seen.data["method"]].parameters.model_validate(value)
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


class PlannedMethod(Frozen):
    """A method with its parameters resolved; ``requested`` is False for controls that every job carries."""

    label: str
    method: Method | Control
    parameters: dict[str, JsonValue]
    checks: tuple[CheckName, ...]
    requested: bool
    unavailable: str | None = Field(default=None, description="Why the method's rule is undefined for this model.")

    @property
    def control(self) -> bool:
        """Whether this is a control rather than a method."""
        return isinstance(self.method, Control)

    @property
    def card(self) -> MethodCard:
        """What the catalogue says of the method."""
        return METHODS[self.method]

    @property
    def chosen(self) -> MethodParameters:
        """``parameters`` as the type that the method's card names."""
        return self.card.parameters.model_validate(self.parameters)


class Plan(Frozen):
    """Everything resolved: a validation is a pure function of this and the bytes it names."""

    model: Digest
    images: Digest
    methods: tuple[PlannedMethod, ...]
    checks: tuple[CheckName, ...]
    profile: Profile
    look: Look = Field(default=Look.ONLY, description="Which of how many looks; the profile's sizes are this look's.")
    preprocessing: Preprocessing
    seed: int
    output: str | None
    target: int | Literal["predicted"] = "predicted"
    target_policy: TargetPolicy
    shift: Shifts
    selected: tuple[int, ...] = Field(
        description="Places in the image set that are used; elsewhere images count from 0 in this list."
    )
    groups: tuple[tuple[int, ...], ...]
    steps: tuple[str, ...] = Field(description="Layers in execution order.")
    depths: dict[Depth, int] = Field(description="Layers randomised, counted from the output.")
    stages: tuple[int, ...] = Field(description="The display curve's depths, likewise.")
    arms: tuple[Arm, ...] = (Arm.REINIT, Arm.PERMUTE)
    randomization: Randomization = AUDIT
    norm_alternatives: tuple[NormPolicy, ...] = Field(
        default=(), description="Norm policies that are tried beside the plan's own, to see whether they matter."
    )
    training: Training | None = Field(default=None, description="What data_randomization learns, and from what.")
    reference_models: tuple[Digest, ...] = Field(default=(), description="What model_manipulation compares with.")
    skipped: dict[CheckName, str] = Field(default={}, description="Checks that mean nothing on this model, and why.")
    timeout_seconds: int

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The shifts of input_shift, one or several."""
        return self.shift if isinstance(self.shift, tuple) else (self.shift,)

    def methods_of(self, check: CheckName) -> tuple[PlannedMethod, ...]:
        """Methods that ``check`` can run."""
        if check in self.skipped:
            return ()
        return tuple(m for m in self.methods if check in m.checks and m.unavailable is None)


class ShardKind(StrEnum):
    """What a shard computes."""

    CELLS = "cells"
    CURVE = "curve"
    NORM_POLICIES = "norm_policies"
    SMOOTH = "smooth"
    SHIFT = "shift"
    CLASSES = "classes"
    CONVERGENCE = "convergence"
    MANIPULATION = "manipulation"
    FRAGILITY = "fragility"
    TAMPERING = "tampering"
    LABELS = "labels"
    REPEATS = "repeats"
    FAITHFULNESS = "faithfulness"


class Cell(Frozen):
    """One randomised model: an arm and a seed."""

    arm: Arm
    seed: int


class Shard(Frozen):
    """One independent piece of a plan: a check, some images, and the randomised models to explain them on."""

    index: int
    check: CheckName
    kind: ShardKind
    images: tuple[int, ...]
    cells: tuple[Cell, ...] = ()
    stages: tuple[int, ...] = ()
    norm_policy: NormPolicy | None = Field(default=None, description="Instead of the plan's own.")
    shift: Shift | None = Field(default=None, description="That of an input_shift shard.")
    cost: int = Field(description="Image passes, the unit of progress.")
