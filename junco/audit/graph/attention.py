"""Where tokens look at tokens: finding attention in the graph, and watching it at work.

Attention is a softmax over the last dimension that is multiplied into values, or torch's fused operator, whose weights
softmax(Q K^T / sqrt(d) + mask) are computed beside it. Rows are queries, columns keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from junco.audit.graph.observe import Seen
from junco.audit.graph.ops import arguments, op_name
from junco.audit.graph.tokens import grid_of, patches
from junco.audit.model import Attention

_FUSED = "aten::scaled_dot_product_attention"
_SOFTMAX = {"aten::softmax", "aten::_softmax", "aten::special_softmax"}
_PRODUCTS = {"aten::matmul", "aten::bmm", "aten::einsum", "aten::baddbmm"}
_PASSING = {
    "aten::dropout",
    "aten::native_dropout",
    "aten::expand",
    "aten::view",
    "aten::reshape",
    "aten::clone",
    "aten::contiguous",
    "aten::to",
    "aten::_to_copy",
    "aten::type_as",
}


@dataclass(frozen=True)
class Watched:
    """One attention of one pass: ``weights`` [n, heads, tokens, tokens].

    ``pulled`` turns a gradient with respect to ``source``, a tensor of the graph, into one with respect to the weights.
    """

    source: Tensor
    weights: Tensor
    pulled: Callable[[Tensor], Tensor]


def attention(module: fx.GraphModule, seen: Mapping[fx.Node, Seen], x: Tensor) -> Attention | str:
    """The attention of ``module``, or why no map of it can be drawn."""
    nodes = [node for node in seen if _attends(node, seen)]
    if not nodes:
        return "the graph shows no attention"
    sizes = {size for node in nodes for size in _sizes(node, seen)}
    if len(sizes) > 1:
        return f"attention is over sequences of several lengths: {', '.join(str(size) for size in sorted(sizes))}"
    grid = grid_of(max(sizes), patches(module, seen))
    if grid is None:
        return f"the {max(sizes)} tokens that attend to each other do not lie on the image as a grid of patches"
    if any(_windowed(seen[node].shape, len(x)) for node in nodes):
        return "attention is within windows of the image, not over all of it"
    names = tuple(node.name for node in nodes)
    read = _read(module, x, names)
    return Attention(names, grid, read) if read else "the scores do not depend on what the last attention gives"


def watched(module: fx.GraphModule, x: Tensor, nodes: tuple[str, ...]) -> tuple[Tensor, tuple[Watched, ...]]:
    """Logits of ``x``, and each of ``nodes`` at work, fit to be differentiated where gradients are on."""
    watch = _Watch(module, frozenset(nodes), len(x))
    logits: Tensor = watch.run(x)
    return logits, tuple(watch.found)


def _attends(node: fx.Node, seen: Mapping[fx.Node, Seen]) -> bool:
    if op_name(node) == _FUSED:
        return True
    shape = seen[node].shape
    if op_name(node) not in _SOFTMAX or len(shape) not in (3, 4):
        return False
    return int(arguments(node)["dim"]) % len(shape) == len(shape) - 1 and _multiplied(node)


def _multiplied(node: fx.Node) -> bool:
    """Whether the node's value is the left factor of a matrix product."""
    for user in node.users:
        if op_name(user) in _PRODUCTS and user.all_input_nodes[0] is node:
            return True
        if op_name(user) in _PASSING and _multiplied(user):
            return True
    return False


def _sizes(node: fx.Node, seen: Mapping[fx.Node, Seen]) -> tuple[int, int]:
    """Numbers of queries and of keys."""
    if op_name(node) == _FUSED:
        given = arguments(node)
        return seen[given["query"]].shape[-2], seen[given["key"]].shape[-2]
    return seen[node].shape[-2], seen[node].shape[-1]


def _windowed(shape: tuple[int, ...], images: int) -> bool:
    """Whether the first dimension holds more than images, and heads where those have no dimension of their own."""
    return shape[0] != images if len(shape) == 4 else shape[0] % images != 0


def _read(module: fx.GraphModule, x: Tensor, names: tuple[str, ...]) -> tuple[int, ...]:
    """Tokens whose last attention reaches the logits: the class token alone, or all that are averaged."""
    with torch.enable_grad():
        logits, found = watched(module, x.detach(), names)
        # Weighted, because the sum over classes may be constant.
        score = (logits * torch.linspace(-1, 1, logits.shape[1], device=x.device)).sum()
        if not score.requires_grad:
            return ()
        (signal,) = torch.autograd.grad(score, found[-1].source, allow_unused=True)
    if signal is None:
        return ()
    rows = found[-1].pulled(signal).abs().amax(dim=(0, 1, 3))
    return tuple(int(row) for row in (rows > 0).nonzero())


class _Watch(fx.Interpreter):
    def __init__(self, module: fx.GraphModule, wanted: frozenset[str], images: int) -> None:
        super().__init__(module)
        self.found: list[Watched] = []
        self._wanted = wanted
        self._images = images

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self._wanted:
            if torch.is_grad_enabled() and not value.requires_grad:
                value.requires_grad_()  # nothing before it wants a gradient: the graph starts here
            self.found.append(self._fused(n, value) if op_name(n) == _FUSED else self._plain(value))
        return value

    def _plain(self, weights: Tensor) -> Watched:
        shape = (self._images, -1, *weights.shape[-2:])
        return Watched(weights, weights.reshape(shape), lambda signal: signal.reshape(shape))

    def _fused(self, node: fx.Node, value: Tensor) -> Watched:
        given = {
            name: self.env[argument] if isinstance(argument, fx.Node) else argument
            for name, argument in arguments(node).items()
        }
        with torch.no_grad():
            query, key, values = (self._by_head(given[name]) for name in ("query", "key", "value"))
            key, values = (part.repeat_interleave(query.shape[1] // part.shape[1], dim=1) for part in (key, values))
            scale = given["scale"] if given.get("scale") is not None else query.shape[-1] ** -0.5
            weights = torch.softmax(query @ key.mT * scale + _bias(given, query.shape[-2], like=query), dim=-1)
        return Watched(value, weights, lambda signal: self._by_head(signal) @ values.mT)

    def _by_head(self, part: Tensor) -> Tensor:
        return part.reshape(self._images, -1, *part.shape[-2:])


def _bias(given: Mapping[str, Any], tokens: int, *, like: Tensor) -> Tensor:
    """What is added before the softmax."""
    mask = given["attn_mask"]
    if given["is_causal"]:
        mask = torch.ones(tokens, tokens, dtype=torch.bool, device=like.device).tril()
    if mask is None:
        return like.new_zeros(())
    if mask.dtype is not torch.bool:
        return torch.as_tensor(mask).to(like)
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(~mask, -torch.inf)
