"""An ONNX program to a plain ATen graph: the program is run on tensors without contents while torch records it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from junco.audit.graph.lift import Lifted, holder, last_line
from junco.audit.graph.onnx.fuse import fuse
from junco.audit.graph.retrace import alike, free_batch, named

_SIZES = (13, 26)  # 13 and its double are no sizes that a network has by itself, so what differs is the batch


@dataclass(frozen=True)
class Recording:
    """What is recorded: the class scores of images, the file's tensors by name, those that operators make.

    ``made`` is filled while ``answer`` runs.
    """

    answer: Callable[[Tensor], Tensor]
    names: Mapping[str, Tensor]
    made: dict[str, Tensor] = field(default_factory=dict)

    def at(self, batch: int, x: Tensor) -> tuple[fx.Graph, dict[str, Tensor]]:
        """The graph for batches of ``batch`` images like ``x``, and the tensors that it reads."""
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            image = mode.from_tensor(torch.empty(batch, *x.shape[1:], dtype=x.dtype))
        with torch.no_grad():
            # Before decomposition: a linear layer is recorded as one, not as a product and a sum.
            module = make_fx(self.answer, pre_dispatch=True)(image)
        graph, tensors = named(module, {**self.names, **self.made})
        fuse(graph, tensors)
        return graph, tensors


def record(recording: Recording, x: Tensor, *, any_batch: bool, original: Callable[[Tensor], Tensor]) -> Lifted:
    """The program as a graph: for any batch size if ``any_batch`` and it lends itself to that, or else for one image.

    A graph for any batch size has to reproduce ``original`` on several. Raises ``ModelNotJudgeable``.
    """
    note = ""
    if any_batch:
        try:
            lifted = _any_batch(recording, x)
            if _reproduces(lifted, original, x):
                return lifted
            note = "it answers otherwise for other batch sizes"
        except NotImplementedError as error:
            note = last_line(error)
    batch = 1 if any_batch else len(x)
    graph, tensors = recording.at(batch, x)
    return Lifted(graph, tensors, batch, (f"the graph takes one image at a time: {note}",) if note else ())


def _any_batch(recording: Recording, x: Tensor) -> Lifted:
    small, large = _SIZES
    graph, tensors = recording.at(small, x)
    other, others = recording.at(large, x)
    if not alike(graph, other) or not free_batch(graph, other, sizes=_SIZES):
        raise NotImplementedError("the program takes another course for other batch sizes")
    if not all(_equal(tensor, others[name]) for name, tensor in tensors.items()):
        raise NotImplementedError("constants of the program depend on the batch size")
    return Lifted(graph, tensors, None)


def _equal(a: Tensor, b: Tensor) -> bool:
    return a is b or torch.equal(a, b)


@torch.no_grad()
def _reproduces(lifted: Lifted, original: Callable[[Tensor], Tensor], x: Tensor) -> bool:
    module = fx.GraphModule(holder(lifted.tensors), lifted.graph)
    for batch in (x, torch.cat([x, -x, 0.5 * x])):
        theirs = original(batch)
        try:
            ours = module(batch).reshape(len(batch), -1)
        except RuntimeError:
            return False  # a size that was baked in
        # Loose: a wrong graph is told here, a slightly different one by the parity gate.
        if not torch.allclose(ours, theirs, rtol=0, atol=0.05 * float(theirs.abs().max())):
            return False
    return True
