"""Modules and tensors put into a tree by dotted names."""

import torch
from torch import nn

from junco.audit.graph.tree import attach, free


def test_what_is_attached_is_found_by_its_name() -> None:
    """Modules as modules, parameters as parameters, other tensors as buffers, with what has to lie above them."""
    root, layer, weight, mean = nn.Module(), nn.ReLU(), nn.Parameter(torch.ones(2)), torch.zeros(2)
    for name, value in (("a.relu", layer), ("a.b.weight", weight), ("mean", mean)):
        attach(root, name, value)
    assert root.get_submodule("a.relu") is layer
    assert dict(root.named_parameters())["a.b.weight"] is weight
    assert dict(root.named_buffers())["mean"] is mean


def test_a_taken_name_gets_a_number() -> None:
    """The second and third of a name, also below others."""
    root = nn.Module()
    for expected in ("block.conv", "block.conv_2", "block.conv_3"):
        assert free(root, "block.conv") == expected
        attach(root, expected, nn.ReLU())
    assert free(root, "block.scale") == "block.scale"
    attach(root, "block.scale", torch.ones(1))
    assert free(root, "block.scale") == "block.scale_2"
