"""A small vision transformer, untrained, in the spellings that real files have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.truth.models import CLASSES

TOKENS, FEATURES, HEADS = 16, 12, 3


@dataclass(frozen=True)
class Spelling:
    """How attention is written, which tokens the classifier reads, and what curves the blocks."""

    fused: bool = False
    pooled: bool = False
    wide: bool = False
    curve: Literal["gelu", "relu", "softplus"] = "gelu"


CURVES: Mapping[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU, "softplus": nn.Softplus}


class SelfAttention(nn.Module):
    """Multi-head self-attention as timm writes it: one projection to queries, keys and values."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.fused = fused
        self.size = FEATURES // HEADS
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.project = nn.Linear(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, size = x.shape[0], x.shape[1], self.size
        split = self.qkv(x).reshape(n, tokens, 3, -1, size).permute(2, 0, 3, 1, 4)
        q, k, v = split[0], split[1], split[2]
        if self.fused:
            mixed = functional.scaled_dot_product_attention(q, k, v)
        else:
            mixed = ((q @ k.transpose(-2, -1)) * size**-0.5).softmax(dim=-1) @ v
        return self.project(mixed.transpose(1, 2).reshape(n, tokens, -1))


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(FEATURES)
        self.attention = SelfAttention(fused=spelling.fused)
        self.norm2 = nn.LayerNorm(FEATURES)
        self.wide = nn.Linear(FEATURES, 2 * FEATURES)
        self.curve = CURVES[spelling.curve]()
        self.narrow = nn.Linear(2 * FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(self.curve(self.wide(self.norm2(x))))


class ViT(nn.Module):
    """Patches of 8 pixels, two blocks; a class token, or the mean over patches."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.pooled = spelling.pooled
        self.embed = nn.Conv2d(3, FEATURES, 8, stride=(8, 4) if spelling.wide else 8)
        tokens = (28 if spelling.wide else TOKENS) + (not spelling.pooled)
        self.token = nn.Parameter(torch.zeros(1, 1, FEATURES))
        self.position = nn.Parameter(torch.zeros(1, tokens, FEATURES))
        self.block1 = Block(spelling)
        self.block2 = Block(spelling)
        self.norm = nn.LayerNorm(FEATURES)
        self.head = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).flatten(2).transpose(1, 2)
        if not self.pooled:
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.norm(self.block2(self.block1(x + self.position)))
        return self.head(x.mean(dim=1) if self.pooled else x[:, 0])


def vit(spelling: Spelling = Spelling()) -> nn.Module:
    """Seeded weights of a size at which attention is neither flat nor a spike."""
    model = ViT(spelling).eval()
    generator = torch.Generator().manual_seed(21)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = (1.5 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 0.1
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        for part in model.modules():
            if isinstance(part, nn.LayerNorm):
                part.weight.add_(1)
    return model.requires_grad_(False)
