"""An ONNX file as a black box: run by onnxruntime, its weights replaced in the protobuf."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from onnx import ModelProto
from torch import Tensor

from junco.audit.graph.blackbox.head import answered, cut_softmax
from junco.audit.graph.blackbox.holder import Holder, same, versions
from junco.audit.graph.blackbox.onnx_weights import Weights, weights_of, write
from junco.audit.graph.inputs import Fitted
from junco.audit.graph.onnx.session import Session, session
from junco.audit.graph.original import Original

Build = Callable[[ModelProto], Original]


class OnnxBox(Holder):
    """Maps [n, C, H, W] to class scores by onnxruntime, with one session for each set of weights.

    A session is built when weights have changed since the last call; the trained one is kept. ``junco_built`` counts
    the sessions that were built beside it.
    """

    def __init__(self, model: ModelProto, weights: Weights, *, trained: Original, build: Build) -> None:
        super().__init__()
        self.junco_built = 0
        self.junco_model, self.junco_build = model, build
        self.junco_protos = {weight.name: weights.protos[weight.name] for weight in weights.read.weights}
        self.hold(weights.read)
        self.junco_trained = trained, [tensor.clone() for tensor in self._tensors()]
        self.junco_now = trained, versions(self._tensors())

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of ``x`` under the weights as they are now."""
        with torch.no_grad():
            return self._current()(x)

    def _current(self) -> Original:
        now = versions(self._tensors())
        if now != self.junco_now[1]:
            trained, before = self.junco_trained
            self.junco_now = (trained if same(self._tensors(), before) else self._built()), now
        return self.junco_now[0]

    def _built(self) -> Original:
        for tensor, proto in zip(self._tensors(), self.junco_protos.values(), strict=True):
            write(proto, tensor)
        self.junco_built += 1
        return self.junco_build(self.junco_model)

    def _tensors(self) -> list[Tensor]:
        return [self.get_parameter(name) for name in self.junco_protos]


@dataclass(frozen=True)
class Opened:
    """A black box, what was found of its weights, and the softmax that was cut off its end."""

    box: OnnxBox
    weights: Weights
    softmax: str | None


def opened(data: bytes, found: Fitted) -> Opened:
    """The file of ``found`` as a black box that answers what it reads before a closing softmax."""
    model: ModelProto = ModelProto.FromString(data)
    trained, softmax = _cut(model, found)
    first = trained.script
    assert isinstance(first, Session)

    def build(changed: ModelProto) -> Original:
        return replace(trained, script=replace(first, session=session(changed.SerializeToString())))

    weights = weights_of(model)
    return Opened(OnnxBox(model, weights, trained=trained, build=build), weights, softmax)


def _cut(model: ModelProto, found: Fitted) -> tuple[Original, str | None]:
    """``found.original`` without a closing softmax, which is taken out of ``model``; as it is where there is none."""
    original = found.original
    run = original.script
    assert isinstance(run, Session)
    name = answered(run(found.x), original.output, found.answer)
    if not name:
        return original, None
    edited = ModelProto()
    edited.CopyFrom(model)
    cut = cut_softmax(edited, name)
    if cut is None:
        return original, None
    changed = replace(run, session=session(edited.SerializeToString()), outputs=(cut[0],))
    without = replace(original, script=changed, output=None)
    if not _agrees(without, found, cut[1]):
        return original, None
    model.CopyFrom(edited)
    return without, cut[1]


def _agrees(without: Original, found: Fitted, kind: str) -> bool:
    """Whether the softmax of what is answered now is what was answered before."""
    scores = without(found.x)
    again = scores.softmax(1) if kind == "softmax" else scores.log_softmax(1)
    # Loose enough for half precision; a softmax over other places than the classes is far off.
    return torch.allclose(again.float(), found.answer.float(), rtol=1e-2, atol=1e-3)
