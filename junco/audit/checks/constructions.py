"""Networks that take x + m and compute what another computes on x: the constructions of input_shift, exact for any m.

``prepend`` subtracts m first. ``fold`` puts the first linear operation's own response to m, padding included, into a
bias over space. The per-channel bias of the paper's MLP is wrong at the border of a padded convolution.
"""

import copy
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn

from junco.audit.model import Canonical

Construction = Literal["prepend", "fold"]


class Subtract(nn.Module):
    """x - m."""

    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """x - m for every image."""
        return x - self.get_buffer("shift")


def prepend(model: Canonical, shift: Tensor) -> Canonical:
    """The network that takes x + m and computes what ``model`` computes on x, by undoing the shift first."""
    if not model.differentiable:
        return model.with_module(nn.Sequential(Subtract(shift), model.module))
    return _edited(model, shift, _insert_before_input)


def fold(model: Canonical, shift: Tensor) -> Canonical:
    """The network that takes x + m, with m folded into the first linear layer as a bias over space.

    Raises ``ValueError`` when the input meets anything but that layer first.
    """
    if model.first_linear is None:
        raise ValueError("the input meets no linear layer first")
    return _edited(model, shift, _insert_after_first_linear)


def constructions(model: Canonical) -> dict[Construction, Callable[[Canonical, Tensor], Canonical]]:
    """Those that ``model`` allows, by name."""
    found: dict[Construction, Callable[[Canonical, Tensor], Canonical]] = {"prepend": prepend}
    if model.first_linear is not None:
        found["fold"] = fold
    return found


def _edited(model: Canonical, shift: Tensor, edit: Callable[[Canonical, fx.GraphModule, Tensor], None]) -> Canonical:
    module = copy.deepcopy(model.graph_module)
    edit(model, module, shift)
    module.graph.lint()
    module.recompile()
    return model.with_module(module)


def _insert_before_input(_: Canonical, module: fx.GraphModule, shift: Tensor) -> None:
    module.add_module("junco_shift", Subtract(shift))
    source = next(node for node in module.graph.nodes if node.op == "placeholder")
    with module.graph.inserting_after(source):
        moved = module.graph.call_module("junco_shift", (source,))
    source.replace_all_uses_with(moved, delete_user_cb=lambda user: user is not moved)


def _insert_after_first_linear(model: Canonical, module: fx.GraphModule, shift: Tensor) -> None:
    target = next(n for n in module.graph.nodes if n.op == "call_module" and n.target == model.first_linear)
    response = _response(module, target, shift)
    module.add_module("junco_shift", Subtract(response))
    with module.graph.inserting_after(target):
        moved = module.graph.call_module("junco_shift", (target,))
    target.replace_all_uses_with(moved, delete_user_cb=lambda user: user is not moved)


def _response(module: fx.GraphModule, target: fx.Node, shift: Tensor) -> Tensor:
    """What the first linear layer alone makes of m, without its bias: its answer to m less its answer to zero."""
    probe = _Until(module, target)
    with torch.no_grad():
        return (probe.answer(shift[None]) - probe.answer(torch.zeros_like(shift[None])))[0]


class _Until(fx.Interpreter):
    """Runs a graph up to one node."""

    def __init__(self, module: fx.GraphModule, target: fx.Node) -> None:
        super().__init__(module)
        self._target = target

    def answer(self, x: Tensor) -> Tensor:
        """The target node's value for input ``x``."""
        try:
            self.run(x)
        except _ReachedError as reached:
            return reached.value
        raise ValueError(f"{self._target} is never reached")

    def run_node(self, n: fx.Node) -> Any:
        """As torch.fx, but stops at the target."""
        value = super().run_node(n)
        if n is self._target:
            raise _ReachedError(value)
        return value


class _ReachedError(Exception):
    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value
