"""Input only: A = |x|, [n, C, H, W], not negative. Cost: none.

What every method that multiplies by the input shows at least. It never asks the model, so it must fail.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters


@method(Control.INPUT_ONLY)
def input_only(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """The magnitude of the input."""
    return run.x.abs()
