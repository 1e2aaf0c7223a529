"""The nodes of a TorchScript program."""

from collections.abc import Iterator

import torch


def nodes(block: torch._C.Graph | torch._C.Block) -> Iterator[torch._C.Node]:
    """All nodes of ``block``, those of branches and loops in their place."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from nodes(inner)
