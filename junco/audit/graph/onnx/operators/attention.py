"""Attention and what goes with it."""

import math

import torch
from torch import Tensor

from junco.audit.graph.onnx.registry import Call, Result, operator

_KNOWN = {"scale", "q_num_heads", "kv_num_heads", "is_causal", "softcap", "softmax_precision", "qk_matmul_output_mode"}


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
    if past_key is not None or past_value is not None or lengths is not None or call.results > 1:
        raise call.refused("a cache of earlier keys, or the scores themselves as a result")
    if set(call.attributes) - _KNOWN or call.integer("is_causal") or call.number("softcap", 0.0):
        raise call.refused("a causal, capped or windowed attention")
    flat = query.dim() == 3
    heads, kv_heads = call.integer("q_num_heads"), call.integer("kv_num_heads")
    q = _by_head(query, heads) if flat else query
    k, v = (_by_head(t, kv_heads) if flat else t for t in (key, value))
    if q.shape[1] != k.shape[1]:
        times = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(times, 1), v.repeat_interleave(times, 1)
    scores = torch.matmul(q, k.transpose(-1, -2)) * call.number("scale", 1 / math.sqrt(q.shape[-1]))
    if mask is not None:
        scores = torch.where(mask, scores, -math.inf) if mask.dtype is torch.bool else scores + mask
    shares = torch.softmax(scores, -1)
    if mask is not None:  # a place that may look nowhere sees nothing
        shares = torch.where((scores == -math.inf).all(-1, keepdim=True), 0.0, shares)
    result = torch.matmul(shares, v)
    return result.transpose(1, 2).flatten(2) if flat else result


def _by_head(x: Tensor, heads: int) -> Tensor:
    n, length, width = x.shape
    return x.reshape(n, length, heads, width // heads).transpose(1, 2)
