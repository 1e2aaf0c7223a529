"""How parameter_randomization destroys a network and what it then measures: the words, and what a user may ask for."""

from enum import StrEnum

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import Arm, Method


class ConventionName(StrEnum):
    """Whose form of the check is run."""

    AUDIT = "audit"
    ADEBAYO_CODE = "adebayo_code"
    ADEBAYO_PAPER = "adebayo_paper"
    SIXT = "sixt"
    HEDSTROM = "hedstrom"


class Order(StrEnum):
    """Which layers are random at once: all from the output down, one at a time, or all from the input up."""

    CASCADING = "cascading"
    INDEPENDENT = "independent"
    BOTTOM_UP = "bottom_up"


class NormPolicy(StrEnum):
    """What becomes of trained running statistics beside drawn weights; ``match`` also rescales layers without norms
    until their outputs spread as the trained layer's did."""

    KEEP = "keep"
    RESET = "reset"
    RE_ESTIMATE = "re_estimate"
    MATCH = "match"


class TargetPolicy(StrEnum):
    """The class explained on a randomised network: the trained one's, or the one that it predicts itself."""

    FIXED = "fixed"
    REPREDICT = "repredict"


class Distribution(StrEnum):
    """Where drawn weights come from; ``framework`` is the default initialiser of what wrote the file."""

    KAIMING_NORMAL = "kaiming_normal"
    TRUNCATED_NORMAL = "truncated_normal"
    FRAMEWORK = "framework"


class Initialiser(Frozen):
    """How the arm ``reinit`` draws; norms always become scale 1 and shift 0."""

    distribution: Distribution = Distribution.KAIMING_NORMAL
    std: float = Field(default=0.1, gt=0, description="Of truncated_normal, before it is cut at two of them.")
    fan_in: bool = Field(default=False, description="Whether std is divided by the root of a layer's inputs.")
    bias: float | None = Field(default=0.0, description="Every bias; null draws them as weights are drawn.")
    raw: bool = Field(default=True, description="Whether parameters outside layers, such as class tokens, are drawn.")


class MapView(StrEnum):
    """How a paper makes a raw map [C, H, W] comparable."""

    RAW = "raw"
    SUM = "sum"
    ABS = "abs"
    ABS_OR_SUM = "abs_or_sum"
    CODE_ABS = "code_abs"
    CODE_DIVERGING = "code_diverging"


class Metric(Frozen):
    """A published statistic: maps in this view, compared by a measure of junco.audit.similarity."""

    name: str
    view: MapView
    measure: str


class Aggregate(StrEnum):
    """One number over images: their mean, or their median with a bootstrap interval."""

    MEAN = "mean"
    MEDIAN = "median"


class Randomization(Frozen):
    """One form of the check, complete."""

    convention: ConventionName
    source: str
    order: Order = Order.CASCADING
    arms: tuple[Arm, ...] = Field(default=(Arm.REINIT,), min_length=1)
    initialiser: Initialiser = Initialiser()
    norm_policy: NormPolicy = NormPolicy.RE_ESTIMATE
    target_policy: TargetPolicy = TargetPolicy.FIXED
    one_seed: bool = Field(default=False, description="Every layer starts its draw from the same seed, as in Quantus.")
    metrics: tuple[Metric, ...] = ()
    aggregate: Aggregate = Aggregate.MEAN
    magnitudes: tuple[Method, ...] = Field(default=(), description="Methods whose maps abs_or_sum takes without sign.")
    smooth: bool = Field(default=False, description="Whether maps averaged over noisy images are compared too.")


class RandomizationRequest(Frozen):
    """What shall differ from the convention; what is absent stays as it has it."""

    order: Order | None = None
    arms: tuple[Arm, ...] | None = Field(default=None, min_length=1, max_length=2)
    initialiser: Initialiser | None = None
    norm_policy: NormPolicy | None = None
    smooth: bool | None = None
