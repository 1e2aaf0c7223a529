"""Where the first layer measures pixels from."""

from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.rules.formulas import Box
from junco.contract.catalogue import RootParameters


def first_rule(batch: Batch, parameters: RootParameters) -> Box | None:
    """The z^B rule between the ends of what an image may hold, moved by the batch's shift; None for the zero root."""
    if parameters.root == "zero":
        return None
    return Box(_moved(batch, batch.box.low), _moved(batch, batch.box.high))


def _moved(batch: Batch, edge: Tensor) -> Tensor:
    image = edge.to(batch.x).view(-1, 1, 1).expand(batch.x.shape[1:])
    return image if batch.shift is None else image + batch.shift.to(batch.x)
