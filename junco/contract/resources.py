"""What the HTTP service answers beside jobs and outcomes; clients parse with the same words."""

from datetime import datetime
from typing import overload

from pydantic import Field, JsonValue

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import CheckCard, CheckName, Described, MethodCard, Verdict
from junco.contract.catalogue.records import lean, record
from junco.contract.errors import Problem
from junco.contract.images import ImageFile, PresetName
from junco.contract.job import ArtifactLink, InspectionState, Job, WorkKind
from junco.contract.model import ModelReport
from junco.contract.plan import Plan
from junco.contract.profile import Profile
from junco.contract.randomization import Randomization


class ModelResource(Frozen):
    """An uploaded model: ``report`` once inspection is done, ``problem`` if it was rejected."""

    id: Digest
    name: str
    size: int
    inspection: InspectionState
    input_shape: tuple[int, int, int] | None = None
    output: str | None = None
    report: ModelReport | None = None
    problem: Problem | None = None
    create_time: datetime
    update_time: datetime
    revision: int
    links: dict[str, str] = {}


class ModelList(Frozen):
    """One page of models, newest first."""

    models: tuple[ModelResource, ...]
    next_page_token: str = ""


class ImageSetResource(Frozen):
    """An uploaded image set; ``count`` includes the images inside .npz files."""

    id: Digest
    count: int
    files: tuple[ImageFile, ...]
    create_time: datetime
    links: dict[str, str] = {}


class ValidationList(Frozen):
    """One page of validations, newest first."""

    validations: tuple[Job, ...]
    next_page_token: str = ""


class PlanPreview(Frozen):
    """What a request would run: ``cost`` in image passes over ``shards`` independent pieces."""

    plan: Plan
    shards: int
    cost: int
    second_look: int | None = Field(
        default=None, description="Image passes that a second look would cost on top, where this is the first."
    )


class ArtifactList(Frozen):
    """The files of a result."""

    artifacts: tuple[ArtifactLink, ...]


class CatalogueMethod(Described):
    """A method or control, with the JSON Schema of its parameters."""

    gradients: bool = True
    parameters: dict[str, JsonValue]
    passes: int = Field(
        default=1, description="Passes through the model for a map of an image [3, 224, 224], at the defaults."
    )
    blind_spots: str | None = None
    verdicts: dict[str, dict[CheckName, Verdict]] = Field(
        default={}, description="What it was judged on the reference models, by model and check."
    )
    judged_with: dict[str, str] = Field(
        default={}, description="Its parameters there, by model, where they were not the defaults."
    )
    expected: Verdict | None = None


class CatalogueCheck(Frozen):
    """A check."""

    name: CheckName
    title: str
    summary: str
    question: str
    source: str
    context: bool = Field(default=False, description="Whether it stands beside a method's word and never makes it.")


@overload
def shown(card: MethodCard | CatalogueMethod) -> CatalogueMethod: ...
@overload
def shown(card: CheckCard | CatalogueCheck) -> CatalogueCheck: ...
def shown(
    card: MethodCard | CatalogueMethod | CheckCard | CatalogueCheck,
) -> CatalogueMethod | CatalogueCheck:
    """What a catalogue tells of ``card``, its parameters as JSON Schema and with its record."""
    if isinstance(card, CatalogueMethod | CatalogueCheck):
        return card
    if isinstance(card, CheckCard):
        return CatalogueCheck.model_validate(card.model_dump())
    made = ("parameters", "passes", "verdicts", "judged_with")
    told = {name: getattr(card, name) for name in CatalogueMethod.model_fields if name not in made}
    verdicts = {model: dict(checks) for model, checks in record(card.name).items()}
    return CatalogueMethod(
        parameters=card.parameters.model_json_schema(),
        passes=card.parameters().passes(_USUAL),
        verdicts=verdicts,
        judged_with=dict(lean(card.name)),
        **told,
    )


_USUAL = (3, 224, 224)


class Preset(Frozen):
    """A named preprocessing; ``recipe`` holds the fields that it sets."""

    name: PresetName
    recipe: dict[str, JsonValue]


class Catalogue(Frozen):
    """Everything that a plan may name."""

    methods: tuple[CatalogueMethod, ...]
    controls: tuple[CatalogueMethod, ...]
    checks: tuple[CatalogueCheck, ...]
    profiles: tuple[Profile, ...]
    presets: tuple[Preset, ...]
    conventions: tuple[Randomization, ...] = Field(
        default=(), description="Forms of parameter_randomization that a plan may name."
    )


class WorkerStatus(Frozen):
    """A worker that was heard of lately; ``sandbox`` names the layers around its runners."""

    owner: str
    device: str
    sandbox: str
    version: str
    seen_seconds_ago: float


class Status(Frozen):
    """How the service stands, for people."""

    version: str
    mode: str = Field(description="embedded or distributed.")
    jobs: dict[str, int]
    queued_work: int
    workers: tuple[WorkerStatus, ...]


class DeadLetter(Frozen):
    """Work that failed for good: of a validation, or without one a model's inspection."""

    id: str
    kind: WorkKind
    validation: str | None = None
    model: Digest
    attempts: int
    problem: Problem
    time: datetime = Field(description="When it failed.")


class DeadLetterList(Frozen):
    """One page of dead letters, newest first."""

    dead_letters: tuple[DeadLetter, ...]
    next_page_token: str = ""


class Retried(Frozen):
    """What has a dead letter's work done again: a new validation, or the model's inspection."""

    validation: str | None = None
    model: Digest
