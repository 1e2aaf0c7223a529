"""A classifier as all of the maths sees it: one module from images to logits, and what is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from torch import Tensor, fx, nn


@dataclass(frozen=True)
class Step:
    """One step of the cascade: a parametrised layer with the norm parameters that follow it.

    ``tensors`` are names in ``module.named_parameters()`` (plus trained buffers that act as weights);
    ``norms`` are names of submodules whose running statistics belong to this step.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    tensors: tuple[str, ...]
    norms: tuple[str, ...]
    parameters: int


@dataclass(frozen=True)
class Parity:
    """Canonical output against the original executor's on one probe."""

    probe: str
    max_absolute: float
    max_relative: float
    tolerance: float
    within: bool


@dataclass(frozen=True)
class Grid:
    """How a sequence of tokens lies on the image: ``prefix`` tokens without a place, then patches row by row."""

    prefix: int
    height: int
    width: int

    @property
    def length(self) -> int:
        """Tokens of the whole sequence."""
        return self.prefix + self.height * self.width

    def images(self, tokens: Tensor) -> Tensor:
        """``tokens`` [n, length, features] as maps [n, features, height, width]."""
        patches = tokens[:, self.prefix :].transpose(1, 2)
        return patches.reshape(*patches.shape[:2], self.height, self.width)


@dataclass(frozen=True)
class Attention:
    """Self-attention over one sequence of tokens: nodes of the graph in execution order, and how tokens lie.

    ``read`` are the tokens that the classifier takes from the last attention: the class token, or all of them.
    """

    nodes: tuple[str, ...]
    grid: Grid
    read: tuple[int, ...]


@dataclass(frozen=True)
class Canonical:
    """A classifier as one differentiable graph of nn modules; maps [n, C, H, W] to logits [n, classes].

    Where no such graph can be had, ``module`` is a black box: it hands images to the file's own ``executor`` and holds
    the file's weights as its parameters; ``no_gradients`` then says why.

    ``steps`` are in execution order, input first. ``batch`` is the only batch size that the graph takes, or None.
    ``cam_layer`` names the submodule whose output Grad-CAM reads, or is None when no spatial layer exists.
    ``spatial`` lists the submodules that a user may name instead. ``activations`` counts what sits between layers,
    by kind (``ReLU``, ``Ceiling`` for the upper half of a ReLU6, ``GELU``, ...). ``left_out`` maps tensors that no step
    covers to the reason. ``first_linear`` names the first weighted submodule when it is the first thing that the
    input meets, padding apart, so that an input shift can be folded into it. ``grids`` are those of ``spatial`` that
    answer tokens [n, tokens, features]; the others answer [n, channels, height, width]. ``channels`` counts either's
    channels. ``attention`` is a transformer's, or the reason why there is none to draw. ``held`` is how the graph
    compared with the file when it was loaded; empty for a black box.
    """

    module: nn.Module
    steps: tuple[Step, ...]
    input_shape: tuple[int, int, int]
    classes: int
    format: str
    producer: str
    original: Callable[[Tensor], Tensor]
    batch: int | None = None
    cam_layer: str | None = None
    spatial: tuple[str, ...] = ()
    activations: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    first_linear: str | None = None
    softmax_cut: str | None = None
    warnings: tuple[str, ...] = ()
    grids: Mapping[str, Grid] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    attention: Attention | str = "the graph shows no attention"
    executor: str = "graph"
    no_gradients: str | None = None
    held: tuple[Parity, ...] = ()

    def __call__(self, x: Tensor) -> Tensor:
        """Logits of ``x`` at whatever batch size the graph takes."""
        if self.batch is None or len(x) == self.batch:
            return cast(Tensor, self.module(x))
        rows = [x[i : i + self.batch] for i in range(0, len(x), self.batch)]
        short = self.batch - len(rows[-1])
        if short:
            rows[-1] = torch.cat([rows[-1], rows[-1][-1:].expand(short, *x.shape[1:])])
        return torch.cat([self.module(row) for row in rows])[: len(x)]

    @property
    def differentiable(self) -> bool:
        """Whether ``module`` is a graph with gradients rather than a black box."""
        return self.no_gradients is None

    @property
    def graph_module(self) -> fx.GraphModule:
        """``module`` of a differentiable model, for code that reads or edits its graph."""
        assert isinstance(self.module, fx.GraphModule), "a black box has no graph"
        return self.module

    def with_module(self, module: nn.Module) -> "Canonical":
        """The same description over another module."""
        return replace(self, module=module)

    def submodule(self, name: str) -> nn.Module:
        """The submodule that inspection lists as ``name``."""
        return self.module.get_submodule(name)
