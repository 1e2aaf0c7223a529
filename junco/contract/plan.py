"""What a request resolves to, and the shards that it falls into."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import METHODS, Arm, CheckName, Control, Depth, Method, MethodCard, MethodParameters
from junco.contract.conventions import AUDIT
from junco.contract.images import Preprocessing
from junco.contract.looks import Look
from junco.contract.profile import Profile
from junco.contract.randomization import NormPolicy, Randomization, TargetPolicy
from junco.contract.request import (
    Shift,
    Shifts,
)
from junco.contract.training import Training

CONTROLS_ALWAYS = (Control.EDGE_DETECTOR, Control.GAUSSIAN_NOISE, Control.CONSTANT, Method.GRADIENT)
"""Judged in every job beside what was asked: their verdicts are known, so they show whether the job can be trusted."""


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
