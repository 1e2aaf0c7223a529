"""inspect(file) -> report: everything that a job could need to know of a model, published at upload."""

from collections import Counter

import torch

from junco.audit.explain import capabilities
from junco.audit.graph import coverage, load, parity, random_probes
from junco.audit.graph.declared import Answers, Declared, Port, answers, channels_last, declared
from junco.audit.model import Canonical
from junco.audit.pipeline.cautions import cautions
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

_PROBES = 4


def inspect(data: bytes, *, input_shape: tuple[int, int, int] | None = None, output: str | None = None) -> ModelReport:
    """Load ``data``, run it on random inputs and report; raises a ``BadInput`` for what cannot be judged."""
    model = load(data, input_shape=input_shape, output=output, probed=_PROBES)
    if not model.steps:
        raise ModelNotJudgeable(
            "The model has no parameters that Junco could randomise.",
            expected="at least one layer with weights",
            found="none",
            remedy="Upload the trained model itself, not a wrapper around stored outputs.",
        )
    held = model.held or parity(model, random_probes(model, torch.Generator().manual_seed(0), _PROBES))
    said, answered = declared(data, model.original), answers(model.original, model.input_shape)
    return ModelReport(
        id=digest_of(data),
        format=model.format,
        producer=model.producer,
        opset=said.opset,
        ir_version=said.ir_version,
        archive_version=said.archive_version,
        executor=model.executor,
        size=len(data),
        parameters=sum(p.numel() for p in model.module.parameters()),
        classes=model.classes,
        inputs=tuple(_input(port, model) for port in said.inputs[:1]),
        outputs=_outputs(model, said, answered),
        output=answered.explained,
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
        channels=dict(model.channels),
        softmax_cut=model.softmax_cut,
        warnings=model.warnings,
        cautions=cautions(model, held),
    )


def _input(port: Port, model: Canonical) -> TensorSpec:
    channels, height, width = model.input_shape
    last = channels_last(port, model.input_shape)
    sides = (height, width, channels) if last else (channels, height, width)
    return TensorSpec(
        name=port.name,
        shape=(model.batch, *sides),
        dtype=port.dtype,
        layout="NHWC" if last else "NCHW",
        declared=port.sides,
    )


def _outputs(model: Canonical, said: Declared, answered: Answers) -> tuple[TensorSpec, ...]:
    """Every tensor that the file answers; the batch is free where the model's is."""
    if not answered.tensors:
        return (TensorSpec(name="logits", shape=(model.batch, model.classes)),)
    return tuple(
        TensorSpec(
            name=name,
            shape=tuple(model.batch if i == 0 else side for i, side in enumerate(tensor.shape)),
            dtype=str(tensor.dtype).removeprefix("torch."),
            declared=said.outputs[name].sides if name in said.outputs else None,
        )
        for name, tensor in answered.tensors.items()
    )


def _methods(model: Canonical, *, within: bool) -> dict[str, Availability]:
    lost = None if within else "the lifted graph does not reproduce the original's outputs"
    reasons = {name.value: lost or reason for name, reason in capabilities(model).items()}
    return {name: Availability(available=reason is None, reason=reason) for name, reason in reasons.items()}


def _norms(model: Canonical) -> dict[str, int]:
    kinds = (type(layer).__name__ for layer in model.module.modules())
    return dict(Counter(kind for kind in kinds if kind.endswith("Norm") or "Norm" in kind))
