"""Modules and tensors put into a tree of modules by their dotted names."""

from torch import Tensor, nn


def free(root: nn.Module, name: str) -> str:
    """``name``, or the first of ``name_2``, ``name_3`` ... that nothing bears yet."""
    candidate, count = name, 1
    while _taken(root, candidate):
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def attach(root: nn.Module, name: str, value: nn.Module | Tensor) -> None:
    """Put a module, a parameter, or else a buffer under ``name``, with whatever modules have to lie above it."""
    parent = root
    *path, leaf = name.split(".")
    for part in path:
        if part not in parent._modules:
            parent.add_module(part, nn.Module())
        parent = parent.get_submodule(part)
    if isinstance(value, nn.Module):
        parent.add_module(leaf, value)
    elif isinstance(value, nn.Parameter):
        parent.register_parameter(leaf, value)
    else:
        parent.register_buffer(leaf, value)


def _taken(root: nn.Module, name: str) -> bool:
    *path, leaf = name.split(".")
    parent = root
    for part in path:
        if part not in parent._modules:
            return hasattr(parent, part)
        parent = parent.get_submodule(part)
    return hasattr(parent, leaf)
