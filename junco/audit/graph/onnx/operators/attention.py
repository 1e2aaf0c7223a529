"""Attention, with everything that decides where a query may look."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, Result, operator
from junco.audit.graph.onnx.tensors import dtype

_KNOWN = {
    "scale",
    "q_num_heads",
    "kv_num_heads",
    "is_causal",
    "softcap",
    "softmax_precision",
    "qk_matmul_output_mode",
    "left_window_size",
    "right_window_size",
}


@dataclass(frozen=True)
class _Sight:
    """``queries`` look at ``keys``, both counted; the first query comes ``offset`` places behind the first key.

    ``lengths`` [n, 1, 1, 1] is how many keys are filled; ``offset`` then is of the same shape.
    """

    queries: int
    keys: int
    offset: int | Tensor
    lengths: Tensor | None

    def allowed(self, call: Call) -> Tensor | None:
        """Whether a query may look at a key, broadcastable to [n, heads, queries, keys]; None if everywhere."""
        here = torch.arange(self.queries).unsqueeze(1) + self.offset
        there = torch.arange(self.keys)
        left, right = call.integer("left_window_size", -1), call.integer("right_window_size", -1)
        rules = []
        if call.integer("is_causal"):
            rules.append(there <= here)
        if left >= 0:
            rules.append(there >= here - left)
        if right >= 0:
            rules.append(there <= here + right)
        if self.lengths is not None:
            rules.append(there < self.lengths)
        if not rules:
            return None
        result = rules[0]
        for rule in rules[1:]:
            result = torch.logical_and(result, rule)
        return result


@operator("Attention", since=23)
def attention(
    call: Call,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    lengths: Tensor | None = None,
) -> Result:
    if set(call.attributes) - _KNOWN:
        raise call.refused(f"settings {sorted(set(call.attributes) - _KNOWN)}")
    flat, past = query.dim() == 3, 0
    heads, kv_heads = call.integer("q_num_heads"), call.integer("kv_num_heads")
    q = _by_head(query, heads) if flat else query
    k, v = (_by_head(t, kv_heads) if flat else t for t in (key, value))
    if past_key is not None and past_value is not None:
        past = past_key.shape[2]
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    offset: int | Tensor = past
    if lengths is not None:
        lengths = lengths.reshape(-1, 1, 1, 1)
        offset = lengths - q.shape[2]
    bias = _bias(call, mask, _Sight(q.shape[2], k.shape[2], offset, lengths), q.dtype)
    shown, shares = _shares(call, q, _for_heads(k, q.shape[1]), bias)
    result = torch.matmul(shares, _for_heads(v, q.shape[1]))
    result = result.transpose(1, 2).flatten(2) if flat else result
    return result if call.results == 1 else (result, k, v, shown)


def _by_head(x: Tensor, heads: int) -> Tensor:
    n, length, width = x.shape
    return x.reshape(n, length, heads, width // heads).transpose(1, 2)


def _for_heads(x: Tensor, heads: int) -> Tensor:
    """Keys or values, each group of query heads' own repeated for every one of them."""
    return x if x.shape[1] == heads else x.repeat_interleave(heads // x.shape[1], 1)


def _bias(call: Call, mask: Tensor | None, sight: _Sight, kind: torch.dtype) -> Tensor | None:
    """What is added to the scores, -inf where a query may not look; None if nothing is."""
    bias = mask
    if mask is not None and mask.dtype is torch.bool:
        bias = torch.where(mask, 0.0, -math.inf).to(kind)
    if bias is not None and bias.shape[-1] < sight.keys:
        bias = functional.pad(bias, (0, sight.keys - bias.shape[-1]), value=-math.inf)
    allowed = sight.allowed(call)
    if allowed is None:
        return bias
    return torch.where(allowed, 0.0 if bias is None else bias, -math.inf).to(kind)


def _shares(call: Call, q: Tensor, k: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """The scores at the stage that the node asks to see, and how much of each value a query takes."""
    stage, cap = call.integer("qk_matmul_output_mode"), call.number("softcap", 0.0)
    scores = shown = torch.matmul(q, k.transpose(-1, -2)) * call.number("scale", 1 / math.sqrt(q.shape[-1]))
    if cap > 0:
        scores = cap * torch.tanh(scores / cap)
        shown = scores if stage == 1 else shown
    # A query that may look nowhere takes nothing; its scores are set aside first, as their softmax is undefined.
    nowhere = None if bias is None else (bias == -math.inf).all(-1, keepdim=True)
    if bias is not None and nowhere is not None:
        scores = scores + bias
        shown = scores if stage == 2 else shown
        scores = torch.where(nowhere, 0.0, scores)
    precision = dtype(call.integer("softmax_precision")) if call.integer("softmax_precision") else scores.dtype
    shares = torch.softmax(scores.to(precision), -1).to(q.dtype)
    shares = shares if nowhere is None else torch.where(nowhere, 0.0, shares)
    return (shares if stage == 3 else shown), shares
