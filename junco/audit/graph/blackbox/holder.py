"""A file's weights as a tree of modules: what a black box shows of itself, so that it can be randomised in place."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from junco.audit.graph.blackbox.cascade import Read
from junco.audit.graph.blackbox.parts import Part


class Holder(nn.Module):
    """Tensors of one name space; ``junco_parts`` says of each parameter what it does."""

    def __init__(self) -> None:
        super().__init__()
        # No file calls a weight this: as an attribute it would clash with that name.
        self.junco_parts: dict[str, Part] = {}

    def hold(self, read: Read) -> None:
        """Take in the weights as parameters that share their memory, the rest as buffers, under their dotted names."""
        for weight in read.weights:
            owner, leaf = self._owner(weight.name)
            owner.register_parameter(leaf, nn.Parameter(weight.tensor.detach(), requires_grad=False))
            owner.junco_parts[leaf] = weight.part
        for name, tensor in {**read.statistics, **read.missed}.items():
            owner, leaf = self._owner(name)
            owner.register_buffer(leaf, tensor.detach())

    def _owner(self, name: str) -> tuple["Holder", str]:
        *path, leaf = name.split(".")
        owner = self
        for part in path:
            if part not in owner._modules:
                owner.add_module(part, Holder())
            inner = owner.get_submodule(part)
            assert isinstance(inner, Holder)
            owner = inner
        return owner, leaf


def versions(tensors: Iterable[Tensor]) -> tuple[tuple[int, int], ...]:
    """What changes whenever a tensor is replaced or written to in place."""
    return tuple((id(tensor), tensor._version) for tensor in tensors)


def same(mine: Iterable[Tensor], others: Iterable[Tensor]) -> bool:
    """Whether the tensors hold the same numbers, not-a-number apart."""
    return all(torch.equal(a, b) for a, b in zip(mine, others, strict=True))
