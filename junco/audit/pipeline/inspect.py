"""inspect(file) -> report: everything that a job could need to know of a model, published at upload."""

from collections import Counter

import torch

from junco.audit.explain import capabilities
from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.types import Canonical
from junco.contract.base import digest_of
from junco.contract.errors import ModelNotJudgeable
from junco.contract.model import (
    Availability,
    CoverageReport,
    LayerReport,
    ModelReport,
    ParityReport,
    TensorSpec,
)

_PROBES = 8


def inspect(data: bytes, *, input_shape: tuple[int, int, int] | None = None, output: str | None = None) -> ModelReport:
    """Load ``data``, run it on random inputs and report; raises a ``BadInput`` for what cannot be judged."""
    model = load(data, input_shape=input_shape, output=output)
    if not model.steps:
        raise ModelNotJudgeable(
            "The model has no parameters that Junco could randomise.",
            expected="at least one layer with weights",
            found="none",
            remedy="Upload the trained model itself, not a wrapper around stored outputs.",
        )
    held = parity(model, random_probes(model, torch.Generator().manual_seed(0), _PROBES))
    batch = model.batch
    return ModelReport(
        id=digest_of(data),
        format=model.format,
        producer=model.producer,
        size=len(data),
        parameters=sum(p.numel() for p in model.module.parameters()),
        classes=model.classes,
        inputs=(TensorSpec(name="input", shape=(batch, *model.input_shape)),),
        outputs=(TensorSpec(name="logits", shape=(batch, model.classes)),),
        layers=tuple(
            LayerReport(name=s.name, kind=s.kind, parameters=s.parameters, shape=s.shape) for s in model.steps
        ),
        parity=tuple(ParityReport(**p.__dict__) for p in held),
        coverage=CoverageReport(fraction=coverage(model), left_out=dict(model.left_out)),
        activations=dict(model.activations),
        norms=_norms(model),
        methods=_methods(model, within=all(p.within for p in held)),
        spatial=model.spatial,
        cam_layer=model.cam_layer,
        softmax_cut=model.softmax_cut,
        warnings=model.warnings,
    )


def _methods(model: Canonical, *, within: bool) -> dict[str, Availability]:
    lost = None if within else "the lifted graph does not reproduce the original's outputs"
    reasons = {name.value: lost or reason for name, reason in capabilities(model).items()}
    return {name: Availability(available=reason is None, reason=reason) for name, reason in reasons.items()}


def _norms(model: Canonical) -> dict[str, int]:
    kinds = (type(layer).__name__ for layer in model.module.modules())
    return dict(Counter(kind for kind in kinds if kind.endswith("Norm") or "Norm" in kind))
