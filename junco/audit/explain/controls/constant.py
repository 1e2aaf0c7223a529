"""Constant map: A = 1, [n, 1, H, W]. Ranks nothing, so every check must call it invalid. Cost: none."""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters


@method(Control.CONSTANT)
def constant(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """The same value everywhere."""
    return run.x.new_ones(len(run.x), 1, *run.x.shape[2:])
