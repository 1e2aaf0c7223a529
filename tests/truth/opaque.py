"""Classifiers that run and cannot be differentiated by Junco: what the black box is for."""

from io import BytesIO

import numpy as np
import torch
from numpy.typing import DTypeLike
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tests.audit.graph.onnx import zoo
from tests.truth.models import IMAGE

ADDED = 1.5
"""What the loop of ``looped`` adds to every score."""


def looped(network: nn.Module, shape: tuple[int, int, int] = IMAGE, *, softmax: str | None = None) -> bytes:
    """``network`` as an ONNX file whose scores go through a ``Loop``, an operator without a gradient here.

    ``softmax`` names an operator to close it with.
    """
    model = ModelProto.FromString(zoo.as_onnx(network, shape=shape))
    scores = model.graph.output[0].name
    last = next(node for node in model.graph.node if scores in node.output)
    last.output[:] = ["before" if name == scores else name for name in last.output]
    model.graph.initializer.extend(trips())
    ends = [loop("before", "after" if softmax else scores)]
    if softmax:
        ends.append(helper.make_node(softmax, ["after"], [scores], axis=1))
    model.graph.node.extend(ends)
    return bytes(model.SerializeToString())


def trips() -> list[TensorProto]:
    """What ``loop`` reads beside the scores: how often, and that it goes on."""
    return [_scalar(3, "trips", np.int64), _scalar(True, "yes", np.bool_)]


def loop(source: str, target: str, kind: int = TensorProto.FLOAT) -> NodeProto:
    """Adds a half three times."""
    nodes = [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["s", "half"], ["s_out"])]
    inputs = [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("s", kind, None)]
    outputs = [("go_on", TensorProto.BOOL, []), ("s_out", kind, None)]
    values = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, outputs)]
    half = _scalar(0.5, "half", helper.tensor_dtype_to_np_dtype(kind))
    body = helper.make_graph(nodes, "body", values[0], values[1], [half])
    return helper.make_node("Loop", ["trips", "yes", source], [target], body=body)


def _scalar(value: object, name: str, kind: DTypeLike) -> TensorProto:
    return numpy_helper.from_array(np.asarray(value, kind), name)


class Branching(nn.Module):
    """A network of which every answer is doubled or tripled, by what it says: no graph stands for both."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        y = self.network(x)
        return y * 2 if bool(y.sum() > 0) else y * 3


def scripted(network: nn.Module, *, frozen: bool = False) -> bytes:
    """``network`` behind ``Branching`` as a TorchScript file."""
    script = torch.jit.script(Branching(network).eval())
    buffer = BytesIO()
    torch.jit.save(torch.jit.freeze(script) if frozen else script, buffer)
    return buffer.getvalue()


class Bypassed(nn.Module):
    """Scores that are the image's mean, the same for every class, and weights that see its first corner only.

    Drawn anew, the weights change every answer, and nothing of what hiding any other window takes away.
    """

    def __init__(self) -> None:
        super().__init__()
        self.corner = nn.Linear(9, 16)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        y = self.head(torch.relu(self.corner(x[:, 0, :3, :3].flatten(1))))
        return 10 * y + 10 * x.mean((1, 2, 3))[:, None]


class Deaf(nn.Module):
    """Scores that are means of ten parts of the image, and weights that say next to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(x, (2, 5)).flatten(1) + 1e-4 * self.fc(x.flatten(1))
