"""One graph in another floating-point type."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import torch
from torch import fx

from junco.audit.graph.depthwise import with_sliced_depthwise
from junco.audit.graph.observe import Seen
from junco.audit.model import Canonical

_FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}


def double(canonical: Canonical) -> Canonical:
    """A copy that computes in float64 throughout, which a black box cannot; ``original`` stays as it is."""
    return canonical.with_module(with_sliced_depthwise(retyped(canonical.graph_module, torch.float64)))


def narrowest(values: Iterable[Seen]) -> torch.dtype | None:
    """The half type that anything passing through a graph is of; None if nothing is."""
    kinds = {value.dtype for value in values}
    return next((kind for kind in (torch.bfloat16, torch.float16) if kind in kinds), None)


def retyped(module: fx.GraphModule, dtype: torch.dtype) -> fx.GraphModule:
    """A copy of ``module`` in ``dtype``: parameters, buffers, and the types that calls name."""
    copy = deepcopy(module).to(dtype)
    for node in copy.graph.nodes:
        node.args = _follow(node.args, dtype)
        node.kwargs = _follow(node.kwargs, dtype)
    copy.recompile()
    return copy


def _follow(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, torch.dtype):
        return dtype if value in _FLOATS else value
    if isinstance(value, tuple | list):
        return type(value)(_follow(part, dtype) for part in value)
    if isinstance(value, dict):
        return {name: _follow(part, dtype) for name, part in value.items()}
    return value
