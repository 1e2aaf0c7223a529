"""One check as a person asked for it, and the two ways to have it done."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from junco.client.images import Picture
from junco.contract.errors import InvalidPlan
from junco.contract.images import PreprocessingRequest
from junco.contract.job import Progress
from junco.contract.looks import Look
from junco.contract.outcome import Outcome
from junco.contract.profile import ProfileName
from junco.contract.randomization import ConventionName, RandomizationRequest, TargetPolicy
from junco.contract.request import MethodRequest, PlanRequest, Shift
from junco.contract.training import Supplied, TrainingRecipe

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Form:
    """Whose form of parameter_randomization is run, and what shall differ from it."""

    convention: ConventionName = ConventionName.AUDIT
    randomization: RandomizationRequest = field(default_factory=RandomizationRequest)
    target_policy: TargetPolicy | None = None


@dataclass(frozen=True)
class Settings:
    """What a plan says beside its model and images; what is absent keeps the contract's default."""

    methods: tuple[MethodRequest, ...] = ()
    checks: tuple[str, ...] = ()
    profile: ProfileName | None = None
    look: Look = Look.ONLY
    preprocessing: PreprocessingRequest = field(default_factory=PreprocessingRequest)
    seed: int = 0
    target: int | str = "predicted"
    output: str | None = None
    shift: Shift | tuple[Shift, ...] = "range"
    form: Form = field(default_factory=Form)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    label_models: Supplied | None = None
    reference_models: tuple[str, ...] = ()
    timeout_seconds: int | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def request(self, *, model: str, images: str) -> PlanRequest:
        """The request for this model and these images; raises ``InvalidPlan``."""
        optional = {
            "methods": self.methods,
            "checks": self.checks,
            "profile": self.profile,
            "timeout_seconds": self.timeout_seconds,
        }
        fixed = {
            "look": self.look,
            "preprocessing": self.preprocessing,
            "seed": self.seed,
            "target": self.target,
            "output": self.output,
            "shift": self.shift,
            "training": self.training,
            "label_models": self.label_models,
            "reference_models": self.reference_models,
            "convention": self.form.convention,
            "randomization": self.form.randomization,
            "target_policy": self.form.target_policy,
        }
        given = {name: value for name, value in optional.items() if value}
        try:
            return PlanRequest.model_validate({"model": model, "images": images, "labels": self.tags, **fixed, **given})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            said = first["msg"].removeprefix("Value error, ")
            raise InvalidPlan(f"{where} is not valid.", found=said, remedy="See junco check --help.") from error


@dataclass(frozen=True)
class Asked:
    """A model file, its images, the settings, and the files of models that these name besides."""

    model: Path
    pictures: tuple[Picture, ...]
    settings: Settings
    input_shape: tuple[int, int, int] | None = None
    others: tuple[Path, ...] = ()

    def at(self, look: Look) -> "Asked":
        """The same at another look."""
        return replace(self, settings=replace(self.settings, look=look))


class Backend(Protocol):
    """Does a check and leaves the result's files in a folder."""

    def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome: ...
