"""Maps of a batch made ready to be compared, and their similarities to one another."""

from dataclasses import dataclass

import torch
from torch import Tensor

from junco.audit.types import Comparison, Trait, reduce
from junco.contract.catalogue import View


@dataclass(frozen=True)
class Prepared:
    """One method's maps [n, h, w] of one model, with their rank vectors, and those of |maps| for signed methods."""

    maps: Tensor
    ranks: Tensor
    signed: bool
    magnitudes: Tensor | None = None


def made(comparison: Comparison, trait: Trait, raw: Tensor, *, magnitudes: bool = True) -> Prepared:
    """The raw maps [n, C, H, W] of one method, ranked; ``magnitudes`` asks for those of |maps| too."""
    signed = trait.view is View.SIGNED
    maps = reduce(raw, trait.view)
    wanted = magnitudes and signed and not trait.control
    return Prepared(
        maps=maps,
        ranks=comparison.prepare(maps),
        signed=signed,
        magnitudes=comparison.prepare(maps.abs()) if wanted else None,
    )


def similar(comparison: Comparison, a: Prepared, b: Prepared) -> Tensor:
    """Similarities [n, m]: |Spearman| for signed maps, whose sign random logits flip, Spearman for unsigned ones."""
    table = comparison.cross(a.ranks, b.ranks)
    return table.abs() if a.signed else table


def others(table: Tensor) -> Tensor:
    """The floor [n]: mean similarity to the other images' maps, those without ranks left out."""
    rest = table.masked_fill(torch.eye(len(table), dtype=torch.bool, device=table.device), torch.nan)
    return rest.nanmean(dim=1)
