"""The roles that nodes of a graph can have for a rule, and the modules and activations that have them."""

from dataclasses import dataclass
from enum import Enum

from torch import Tensor, fx, nn

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
NORMS = (nn.LayerNorm, nn.GroupNorm)

RECTIFIERS = frozenset({"ReLU", "Ceiling", "relu"})
"""Activations with f(0) = 0 that are linear until they stop: a ReLU6 is a ReLU and a Ceiling."""

THROUGH_ZERO = RECTIFIERS | frozenset(
    [
        "LeakyReLU",
        "PReLU",
        "ELU",
        "SELU",
        "CELU",
        "Tanh",
        "Softsign",
        "GELU",
        "SiLU",
        "Mish",
        "Hardswish",
        "tanh",
        "gelu",
        "silu",
    ]
)
"""Activations with f(0) = 0, so that a unit which says nothing hands nothing on."""

GATES = frozenset(["Sigmoid", "Hardsigmoid", "sigmoid", "hardsigmoid", "softmax", "_softmax", "Softmax"])
MAXIMA = frozenset(["MaxPool1d", "MaxPool2d", "MaxPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "amax"])
OTHERS = frozenset(
    ["Sigmoid", "Hardsigmoid", "Softplus", "LogSigmoid", "Hardtanh", "sigmoid", "hardsigmoid", "softplus"]
)


class Role(Enum):
    """What a node does to relevance."""

    INPUT = "the image"
    CONSTANT = "a constant"
    LAYER = "a layer"
    INSIDE = "part of a layer"
    SCALE = "a scaling"
    OFFSET = "an offset"
    MOVE = "a move"
    SUM = "a sum"
    NORM = "a norm of the image's own"
    MAX = "a maximum"
    ACTIVATION = "an activation"
    GATE = "a gated signal"
    PRODUCT = "a product"
    ATTENTION = "attention"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """A node's role and name, and the nodes that a signal at its output goes back to; a gated signal comes first."""

    role: Role
    name: str
    sources: tuple[fx.Node, ...] = ()


@dataclass(frozen=True)
class Chain:
    """One linear layer in a graph: its module's node, an offset and a BatchNorm that follow it, the last of them."""

    layer: fx.Node
    offset: fx.Node | None
    norm: fx.Node | None

    @property
    def last(self) -> fx.Node:
        """The node whose value is the layer's output."""
        return self.norm or self.offset or self.layer


def tuple_of(node: fx.Node) -> fx.Node | None:
    """The node of several answers of which ``node`` is one, if it is."""
    if getattr(node.target, "__name__", "") != "getitem" or not isinstance(node.args[1], int):
        return None
    whole = node.args[0]
    return whole if isinstance(whole, fx.Node) and not isinstance(whole.meta.get("val"), Tensor) else None
