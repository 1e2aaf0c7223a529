"""The result: verdicts, the statistics behind them, and what they rest on. ``schema_version`` 1."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from junco.contract.base import Digest, Frozen
from junco.contract.catalogue import Arm, CheckName, Control, Method, Verdict, View
from junco.contract.model import CoverageReport, LayerReport, ParityReport
from junco.contract.plan import Plan
from junco.contract.statistics import (
    Interval,
    Sample,
    Statistics,
)


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
    NO_GRADIENT_CONTROL = "no_gradient_control"
    SHARED_EVIDENCE = "second_class_shares_its_evidence"
    BN_POLICY_DISAGREEMENT = "bn_policy_disagreement"
    ONE_ATTACK = "resists_one_attack_only"
    UNDEFENDED = "smoothing_helps"
    TRAINED_HERE = "trained_by_this_recipe"
    ONE_TRAINING = "one_training_of_each_kind"
    PERTURBATION_CHOICE = "depends_on_perturbation"
    REBASED = "moves_with_its_baseline"
    CONVERGES = "relevance_converges"
    NO_PROOF = "evidence_not_proof"
    UNREFERENCED = "references_not_compared"


class Curve(Frozen):
    """One line over the stages of a cascade; ``layers`` names the layer that each stage randomised last."""

    name: str
    arm: Arm | None = None
    stages: tuple[int, ...]
    layers: tuple[str, ...]
    points: tuple[Interval, ...]


def sentence(summary: str, label: str) -> str:
    """A summary without the method's name in front, beginning with a capital: for tables that name the method."""
    rest = summary.removeprefix(label + ": ").removeprefix(label + " was ")
    return rest[:1].upper() + rest[1:]


class CheckOutcome(Frozen):
    """One check of one method."""

    check: CheckName
    verdict: Verdict
    summary: str
    statistics: Statistics | None = None
    needed: Sample | None = Field(
        default=None,
        description="About how much data would decide what is inconclusive, were the estimates to stay as they are.",
    )
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

    @property
    def surprising(self) -> bool:
        """Whether this is a control whose verdict is known beforehand, and its check has run and says otherwise."""
        kind = CheckName.PARAMETER_RANDOMIZATION
        return any(check.check is kind and self.expected not in (None, check.verdict) for check in self.checks)


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
    """The model that was judged; ``executor`` computed its logits: a graph of our own, or the file's program itself."""

    id: Digest
    format: str
    parameters: int
    parity: tuple[ParityReport, ...]
    coverage: CoverageReport
    layers: tuple[LayerReport, ...]
    executor: str = "graph"
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
