"""The image that stands for nothing, in the space of the batch."""

from dataclasses import replace

from torch import Tensor

from junco.audit.batch import Batch
from junco.contract.catalogue import BaselineParameters


def baseline(batch: Batch, parameters: BaselineParameters) -> Tensor:
    """What the parameters name, [1, C, 1, 1] in the space and dtype of ``batch.x``; black and mean follow the shift.

    [1, C, H, W] where the batch is ``rebased``: the baseline of the unshifted batch and the shift itself.
    """
    if batch.rebased and batch.shift is not None:
        return baseline(replace(batch, shift=None), parameters) + batch.shift.to(batch.x)
    shift = batch.x.new_zeros(batch.x.shape[1:]) if batch.shift is None else batch.shift.to(batch.x)
    if parameters.baseline == "black":
        values = batch.box.low.to(batch.x) + shift.amin(dim=(1, 2))
    elif parameters.baseline == "mean":
        values = batch.box.mean.to(batch.x) + shift.mean(dim=(1, 2))
    elif parameters.baseline == "custom":
        values = batch.x.new_tensor(parameters.baseline_values)
    else:
        values = batch.x.new_zeros(batch.x.shape[1])
    return values.view(1, -1, 1, 1)
