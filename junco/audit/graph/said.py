"""What a user must be told of a file that was lifted, in sentences."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, fx

from junco.audit.graph.assemble import Assembled
from junco.audit.graph.inputs import Fitted
from junco.audit.graph.judgeable import same_gradients
from junco.audit.graph.lift import Lifted
from junco.audit.graph.upload import Upload


def on_the_file(found: Fitted, *, lifted: Lifted, module: fx.GraphModule) -> Iterator[str]:
    """What its batches, its precision and its randomness mean for explanations."""
    if lifted.batch is not None:
        yield f"the graph takes batches of {lifted.batch} only: images are handed in so, which may cost time"
    if lifted.batch is None and not _independent(module, found.x.float()):
        yield "an image's scores depend on the other images in its batch"
    narrow = found.original.narrow
    if narrow not in (None, found.original.dtype):
        yield f"the model computes in {narrow} between casts: it is explained in float32".replace("torch.", "")
    if not found.steady:
        yield "the same image gets other scores each time: the file draws random numbers, as in training mode"


def overridden(upload: Upload, found: Fitted, module: fx.GraphModule, *, softmax: str | None) -> Iterator[str]:
    """Whether the file has other gradients than its operators do; ``softmax`` is what was cut off ``module``."""
    comparable = upload.differentiable and found.steady
    if comparable and not same_gradients(found.original.run, _ended(module, softmax), found.x):
        yield "the file overrides its gradients, as detach does: explanations follow what it computes instead"


def buffers(assembled: Assembled) -> Iterator[str]:
    """Which weights the file does not call so."""
    if assembled.untrained:
        yield f"layers use buffers of the file as weights, which are randomised too: {', '.join(assembled.untrained)}"


def _ended(module: fx.GraphModule, softmax: str | None) -> Callable[[Tensor], Tensor]:
    """``module`` with the softmax back that was cut off it."""
    if softmax is None:
        return module
    return lambda x: module(x).softmax(dim=1) if softmax == "softmax" else module(x).log_softmax(dim=1)


@torch.no_grad()
def _independent(module: fx.GraphModule, x: Tensor) -> bool:
    alone, together = module(x[:1]), module(x)[:1]
    return bool(torch.allclose(alone, together, rtol=1e-3, atol=1e-3 * float(together.abs().max())))
