"""Input x Gradient: A = x * dz_c/dx (Shrikumar et al., Not Just a Black Box, 2016).

[n, C, H, W], signed; sums to the logit for bias-free ReLU networks. Under an input shift m it moves by exactly
m * dz_c/dx.
Cost: 1 gradient pass, shared with gradient.
"""

from torch import Tensor

from junco.audit.explain.methods.gradient import wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import BetaParameters, Method


@method(Method.INPUT_X_GRADIENT, wants=wants)
def input_x_gradient(run: Pass, parameters: BetaParameters) -> Tensor:
    """The gradient weighted by the input value, in model input space."""
    return run.x * run.smoothed(parameters.beta).gradient
