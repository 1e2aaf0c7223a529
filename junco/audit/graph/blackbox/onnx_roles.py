"""What a tensor does in an ONNX operation, from the operation and the place where it is read."""

from dataclasses import dataclass
from math import prod

from onnx import NodeProto, TensorProto
from torch import Tensor

from junco.audit.graph.blackbox import readers
from junco.audit.graph.blackbox.parts import Part, Role


@dataclass(frozen=True)
class Slot:
    """A floating-point constant of the file: its name here, its numbers, and the message that holds them.

    ``turned`` says that the file transposes it before it is read.
    """

    name: str
    tensor: Tensor
    proto: TensorProto
    turned: bool = False


def part_of(node: NodeProto, place: int, slot: Slot) -> Part:
    """Role of a tensor that a layer or a norm reads in its input number ``place``."""
    kind, tensor = node.op_type, slot.tensor
    if kind in NORMS:
        return Part({1: Role.SCALE, 2: Role.OFFSET}[place] if kind != "PRelu" else Role.RAW)
    if kind in _PRODUCTS:
        turned = slot.turned is not any(a.name == _PRODUCTS[kind] and a.i for a in node.attribute)
        if place < _BIAS:
            return Part(Role.WEIGHT, readers.product_fan_in(tensor, left=place == 0, turned=turned))
        return Part(Role.OFFSET)
    if tensor.dim() < 2 or (kind in RECURRENT and place == _RECURRENT_BIAS):
        return Part(Role.OFFSET)
    return Part(Role.WEIGHT, tensor.shape[-1] if kind in RECURRENT else prod(tensor.shape[1:]))


LAST_AFFINE = 2
_BIAS = 2
_RECURRENT_BIAS = 3
_PRODUCTS = {"MatMul": "", "Gemm": "transB"}
RECURRENT = {"LSTM", "GRU", "RNN"}
LAYERS = {"Conv", "ConvTranspose", "DeformConv", "Einsum", *_PRODUCTS, *RECURRENT}
NORMS = {
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "PRelu",
}
ARITHMETIC = {"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean", "Where", "Concat", "Gather", "Expand"}
