"""Gradient: A = dz_c/dx (Simonyan et al., Deep Inside Convolutional Networks, 2013).

[n, C, H, W], signed, unbounded; unchanged by an input shift that the model compensates. Cost: 1 gradient pass.
"""

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Method, NoParameters


@method(Method.GRADIENT, wants=lambda _model, _parameters: Wants(gradient=True))
def gradient(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """Sensitivity of the target logit to each input value."""
    return run.gradient
