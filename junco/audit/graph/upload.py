"""What every format offers the canonicaliser: a program to run, and its graph of ATen calls."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from junco.audit.graph.inputs import Fitted, Shape
from junco.audit.graph.lift import Lifted
from junco.audit.graph.names import Names
from junco.audit.graph.torchscript import FirstLayer


@dataclass(frozen=True)
class Upload:
    """A file that was read: ``run`` answers images as the file's author meant it.

    ``lift`` gives the graph for an input that ``run`` takes, ``names`` then the names of its tensors; ``shape`` is the
    input's where the file fixes it; ``differentiable`` says whether ``run`` has gradients of its own to compare with;
    ``rounds`` that it rounds activations to a few bits, as quantised models do.
    """

    format: str
    producer: str
    run: Callable[[torch.Tensor], object]
    dtype: torch.dtype
    first: FirstLayer
    names: Callable[[], Names]
    lift: Callable[[Fitted], Lifted]
    differentiable: bool
    shape: Shape | None = None
    warnings: tuple[str, ...] = ()
    rounds: bool = False
