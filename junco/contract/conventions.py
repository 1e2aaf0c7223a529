"""Published forms of parameter_randomization by name; ``audit`` is this project's own."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.contract.catalogue import Arm, Method
from junco.contract.model import ModelReport
from junco.contract.randomization import (
    Aggregate,
    ConventionName,
    Distribution,
    Initialiser,
    MapView,
    Metric,
    NormPolicy,
    Randomization,
    RandomizationRequest,
    TargetPolicy,
)

AUDIT = Randomization(
    convention=ConventionName.AUDIT, source="docs/verdicts.md, section 2", arms=(Arm.REINIT, Arm.PERMUTE)
)

ADEBAYO_CODE = Randomization(
    convention=ConventionName.ADEBAYO_CODE,
    source="Adebayo et al. 2018, the code that the authors published",
    initialiser=Initialiser(distribution=Distribution.TRUNCATED_NORMAL, std=0.1, bias=0.1),
    # Their code runs the initialisers of trainable variables again, and moving statistics are not trainable.
    norm_policy=NormPolicy.KEEP,
    target_policy=TargetPolicy.REPREDICT,
    metrics=(
        Metric(name="spearman_abs", view=MapView.CODE_ABS, measure="spearman"),
        Metric(name="spearman_diverging", view=MapView.CODE_DIVERGING, measure="spearman"),
        Metric(name="ssim", view=MapView.RAW, measure="ssim_adebayo_code"),
        Metric(name="hog", view=MapView.RAW, measure="hog_adebayo_code"),
    ),
)

ADEBAYO_PAPER = Randomization(
    convention=ConventionName.ADEBAYO_PAPER,
    source="Adebayo et al. 2018, the paper's text",
    initialiser=Initialiser(distribution=Distribution.TRUNCATED_NORMAL, std=0.01, bias=None),
    # "filter weights, biases, and batch-norm variables": nothing of a norm stays trained.
    norm_policy=NormPolicy.RESET,
    metrics=(
        Metric(name="spearman_abs", view=MapView.ABS, measure="spearman"),
        Metric(name="spearman_diverging", view=MapView.SUM, measure="spearman"),
        Metric(name="ssim", view=MapView.RAW, measure="ssim_adebayo_paper"),
        Metric(name="hog", view=MapView.RAW, measure="hog_adebayo_paper"),
    ),
)

SIXT = Randomization(
    convention=ConventionName.SIXT,
    source="Sixt et al. 2020, the code that the authors published",
    initialiser=Initialiser(distribution=Distribution.FRAMEWORK),
    # Layers are copied from a network that was never trained, whose statistics are 0 and 1.
    norm_policy=NormPolicy.RESET,
    metrics=(Metric(name="ssim", view=MapView.ABS_OR_SUM, measure="ssim_sixt"),),
    aggregate=Aggregate.MEDIAN,
    magnitudes=(Method.GUIDED_BACKPROP, Method.DECONVOLUTION, Method.GRADIENT, Method.SMOOTHGRAD),
)

HEDSTROM = Randomization(
    convention=ConventionName.HEDSTROM,
    source="Hedström et al. 2023 and 2024, as Quantus computes it",
    initialiser=Initialiser(distribution=Distribution.FRAMEWORK, raw=False),
    norm_policy=NormPolicy.RESET,
    one_seed=True,
    metrics=(Metric(name="spearman_abs", view=MapView.ABS, measure="spearman"),),
    smooth=True,
)

CONVENTIONS: Mapping[ConventionName, Randomization] = MappingProxyType(
    {c.convention: c for c in (AUDIT, ADEBAYO_CODE, ADEBAYO_PAPER, SIXT, HEDSTROM)}
)
"""Every convention by name."""


def adapted(name: ConventionName, asked: RandomizationRequest, *, target: TargetPolicy | None) -> Randomization:
    """The convention called ``name`` with what ``asked`` and ``target`` set otherwise."""
    changed = {field: value for field in type(asked).model_fields if (value := getattr(asked, field)) is not None}
    policy = {} if target is None else {"target_policy": target}
    return CONVENTIONS[name].model_copy(update=changed | policy)


def alternatives(how: Randomization, model: ModelReport) -> tuple[NormPolicy, ...]:
    """Norm policies that the answer could depend on, beside that of ``how``, for this model."""
    if Arm.REINIT not in how.arms or model.executor != "graph":
        return ()
    if any(kind.startswith("BatchNorm") for kind in model.norms):
        candidates: tuple[NormPolicy, ...] = (NormPolicy.RE_ESTIMATE, NormPolicy.KEEP, NormPolicy.RESET)
    elif not model.norms:
        candidates = (NormPolicy.MATCH,)
    else:
        candidates = ()  # norms without running statistics keep the scale by themselves
    return tuple(policy for policy in candidates if policy is not how.norm_policy)
