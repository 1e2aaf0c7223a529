"""Positions as rotations of pairs of features (Su et al. 2021, arXiv:2104.09864)."""

import torch
from torch import Tensor

from junco.audit.graph.onnx.registry import Call, operator


@operator("RotaryEmbedding", since=23)
def rotary_embedding(call: Call, x: Tensor, cosines: Tensor, sines: Tensor, places: Tensor | None = None) -> Tensor:
    """``x`` [n, heads, length, features], or [n, length, heads * features]; one angle a pair of features."""
    by_head = x if x.dim() == 4 else _by_head(x, call.integer("num_heads"))
    width = call.integer("rotary_embedding_dim") or by_head.shape[-1]
    if places is not None:
        cosines, sines = (_at(table, places) for table in (cosines, sines))
    turned = _turned(
        by_head[..., :width], cosines.unsqueeze(1), sines.unsqueeze(1), interleaved=bool(call.integer("interleaved"))
    )
    result = torch.cat([turned, by_head[..., width:]], -1) if width < by_head.shape[-1] else turned
    return result if x.dim() == 4 else result.transpose(1, 2).flatten(2)


def _by_head(x: Tensor, heads: int) -> Tensor:
    n, length, width = x.shape
    return x.reshape(n, length, heads, width // heads).transpose(1, 2)


def _at(table: Tensor, places: Tensor) -> Tensor:
    return table.index_select(0, places.reshape(-1)).reshape(*places.shape, table.shape[-1])


def _turned(x: Tensor, cosines: Tensor, sines: Tensor, *, interleaved: bool) -> Tensor:
    half = x.shape[-1] // 2
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    parts = [cosines * a - sines * b, sines * a + cosines * b]
    return torch.stack(parts, -1).flatten(-2) if interleaved else torch.cat(parts, -1)
