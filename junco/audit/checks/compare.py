"""Maps of a batch made ready to be compared, and their similarities to one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison, reduce
from junco.audit.model import Canonical
from junco.audit.partial import Key
from junco.contract.catalogue import View


class Comparing(Protocol):
    """What every study has that compares maps."""

    @property
    def explainer(self) -> Explainer:
        """All methods."""
        ...

    @property
    def comparison(self) -> Comparison:
        """How maps are ranked and compared."""
        ...


class Repeating(Comparing, Protocol):
    """What a study has besides that asks how far methods reproduce themselves."""

    @property
    def model(self) -> Canonical:
        """What is explained."""
        ...

    @property
    def stochastic(self) -> Explainer | None:
        """Those methods that have randomness of their own."""
        ...


@dataclass(frozen=True)
class Prepared:
    """One method's maps [n, h, w] of one model, with their rank vectors, and those of |maps| for signed methods."""

    maps: Tensor
    ranks: Tensor
    signed: bool
    magnitudes: Tensor | None = None

    @property
    def degenerate(self) -> Tensor:
        """Which maps have no ranks, [n]: they are constant or not finite."""
        return self.ranks.isnan().any(dim=1)


def made(study: Comparing, label: str, raw: Tensor, *, magnitudes: bool = False) -> Prepared:
    """The raw maps [n, C, H, W] of one method, ranked; ``magnitudes`` asks for those of |maps| too."""
    comparison, trait = study.comparison, study.explainer.traits[label]
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


def ceilings(study: Repeating, batch: Batch, own: Mapping[str, Prepared]) -> dict[str, Tensor]:
    """How similar [n] each method's ``own`` maps are to those that it makes with its randomness drawn again."""
    again = study.stochastic(study.model, batch, seed=1).maps if study.stochastic else {}
    twins = {label: made(study, label, again[label]) if label in again else ready for label, ready in own.items()}
    return {label: similar(study.comparison, own[label], twin).diagonal() for label, twin in twins.items()}


def likenesses(comparison: Comparison, own: Mapping[str, Prepared]) -> dict[str, Tensor]:
    """How similar [n] each method's ``own`` maps are to those of the other images, by the same model."""
    return {label: others(similar(comparison, ready, ready)) for label, ready in own.items()}


def against(comparison: Comparison, own: Prepared, theirs: Prepared) -> dict[str, Tensor]:
    """What every effect rests on, [n]: similarity to one's own map, to the others', and which maps have no ranks."""
    table = similar(comparison, own, theirs)
    return {"rho": table.diagonal(), "floor": others(table), "degenerate": theirs.degenerate}


def array(values: Tensor) -> np.ndarray[Any, Any]:
    """``values`` as a partial stores them: whole numbers as they are, all else in float32."""
    values = values.detach().cpu()
    whole = values.dtype is not torch.bool and not values.is_floating_point()
    return values.numpy() if whole else values.float().numpy()


def arrays(found: Mapping[Key, Tensor]) -> dict[Key, np.ndarray[Any, Any]]:
    """All that was ``found``, as a partial stores it."""
    return {key: array(values) for key, values in found.items()}
