"""The result: verdicts, the statistics behind them, and what they rest on. ``schema_version`` 1."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import Arm, CheckName, Control, Depth, Method, Verdict, View
from junco.contract.model import CoverageReport, LayerReport, ParityReport
from junco.contract.plan import Plan


class Caveat(StrEnum):
    """What a reader must know beside a verdict; docs/verdicts.md explains each."""

    NECESSARY_NOT_SUFFICIENT = "necessary_not_sufficient"
    INPUT_DOMINATED = "input_dominated"
    SIGN_ONLY = "sign_only_sensitivity"
    SHALLOW_INVARIANCE = "shallow_layer_invariance"
    LOW_RESOLUTION = "low_effective_resolution"
    SCHEME_DISAGREEMENT = "scheme_disagreement"
    DEGENERATE_MAPS = "degenerate_random_maps"
    FEW_IMAGES = "few_images"
    TOO_FEW_IMAGES = "too_few_images"
    FEW_CLASSES = "few_classes"
    FEW_CALIBRATION_IMAGES = "few_calibration_images"
    PARAMETERS_LEFT = "parameters_not_randomised"
    CONTROL_DISAGREES = "control_disagrees"
    IDENTITY = "map_did_not_change"
    ENCODING = "depends_on_pixel_encoding"
    MISCLASSIFIED = "misclassified_images"


class Interval(Frozen):
    """A mean with its 95 % two-way interval over images and seeds."""

    mean: float | None
    lower: float | None = None
    upper: float | None = None


class Curve(Frozen):
    """One line over the stages of a cascade; ``layers`` names the layer that each stage randomised last."""

    name: str
    arm: Arm | None = None
    stages: tuple[int, ...]
    layers: tuple[str, ...]
    points: tuple[Interval, ...]


class DepthStatistics(Frozen):
    """What is known of one method at one depth in one arm."""

    arm: Arm
    depth: Depth
    images: int
    seeds: int
    rho: Interval
    floor: float | None
    kappa: Interval
    degrees_of_freedom: float | None = None
    identity: float | None = Field(default=None, description="Lower one-sided bound of mean(rho - ceiling).")
    p_fail: float | None = Field(default=None, description="p of kappa <= tau_fail; small accuses.")
    p_fail_holm: float | None = Field(default=None, description="The same, over both arms, corrected by Holm.")
    p_pass: float | None = Field(default=None, description="p of kappa >= tau_pass; small acquits.")
    undefined: float = Field(description="Share of (image, seed) cells without a defined kappa.")
    degenerate: float = Field(description="Share of constant or non-finite randomised maps.")
    decision: Verdict
    secondary: dict[str, float | None] = Field(default={}, description="Descriptive similarities; they never decide.")


class RandomizationStatistics(Frozen):
    """parameter_randomization of one method."""

    check: Literal[CheckName.PARAMETER_RANDOMIZATION] = CheckName.PARAMETER_RANDOMIZATION
    ceiling: float | None
    depths: tuple[DepthStatistics, ...]
    edge_similarity: float | None = None
    random_vs_random: float | None = None
    random_map_floor: float | None = Field(default=None, description="Similarity to noise with the map's own spectrum.")
    resolution: tuple[int, int] | None = None
    completeness: float | None = None


class ShiftStatistics(Frozen):
    """input_shift of one method."""

    check: Literal[CheckName.INPUT_SHIFT] = CheckName.INPUT_SHIFT
    construction: Literal["prepend", "fold"] | None = None
    difference: float | None = Field(description="Median over images of max|A1 - A2| / max|A1|.")
    rho: float | None = Field(description="Smallest rank correlation of the two maps over images.")
    images: int
    shift: tuple[float, ...] = ()
    dtype: str = "float64"


def sentence(summary: str, label: str) -> str:
    """A summary without the method's name in front, beginning with a capital: for tables that name the method."""
    rest = summary.removeprefix(label + ": ")
    return rest[:1].upper() + rest[1:]


class CheckOutcome(Frozen):
    """One check of one method."""

    check: CheckName
    verdict: Verdict
    summary: str
    statistics: RandomizationStatistics | ShiftStatistics | None = Field(default=None, discriminator="check")
    curves: tuple[Curve, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    artifacts: tuple[str, ...] = ()


class MethodOutcome(Frozen):
    """All checks of one method, and the word over them."""

    method: Method | Control
    label: str
    parameters: dict[str, JsonValue]
    view: View
    verdict: Verdict
    summary: str
    checks: tuple[CheckOutcome, ...]
    expected: Verdict | None = None


class Preflight(Frozen):
    """One thing that had to hold before any statistic means anything."""

    name: str
    holds: bool
    detail: str


class CheckRun(Frozen):
    """What a check found of the model rather than of a method: preflight, and how predictions decay."""

    check: CheckName
    preflight: tuple[Preflight, ...]
    predictions: tuple[Curve, ...] = ()
    caveats: tuple[Caveat, ...] = ()


class ModelSummary(Frozen):
    """The model that was judged."""

    id: Digest
    format: str
    parameters: int
    parity: tuple[ParityReport, ...]
    coverage: CoverageReport
    layers: tuple[LayerReport, ...]
    warnings: tuple[str, ...] = ()


class ImagesSummary(Frozen):
    """The images that it was judged on; ``accuracy`` where labels are known."""

    id: Digest
    count: int
    classes: int
    predictions: tuple[int, ...]
    names: tuple[str, ...]
    labels: tuple[int | None, ...] = ()
    accuracy: float | None = None


class Provenance(Frozen):
    """How the numbers came about. Not part of the outcome's identity: durations differ from run to run."""

    versions: dict[str, str]
    device: str
    threads: int
    sandbox: str
    durations: dict[str, float] = {}
    passes: dict[str, int] = {}


class Outcome(Frozen):
    """The result of a validation."""

    schema_version: Literal["1"] = "1"
    verdict: Verdict
    summary: str
    methods: tuple[MethodOutcome, ...]
    controls: tuple[MethodOutcome, ...]
    checks: tuple[CheckRun, ...]
    model: ModelSummary
    images: ImagesSummary
    plan: Plan
    artifacts: tuple[str, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    provenance: Provenance
