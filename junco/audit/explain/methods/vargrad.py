"""VarGrad: A = variance over e ~ N(0, s_i^2) of dz_c/dx at x + e (Adebayo et al., Local Explanation Methods for Deep
Neural Networks Lack Sensitivity to Parameter Values, 2018).

[n, C, H, W], not negative: the mean squared distance from the mean. Under SmoothGrad's own noise, draw by draw: at the
same sigma and beta the two share their passes. Zero for a linear model. Cost: ``samples`` gradient passes.
"""

from torch import Tensor

from junco.audit.explain.methods.smoothgrad import wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Method, NoiseParameters


@method(Method.VARGRAD, wants=wants)
def vargrad(run: Pass, parameters: NoiseParameters) -> Tensor:
    """The variance of the gradient over noisy copies of the input."""
    return run.smoothed(parameters.beta).noisy(parameters.sigma, parameters.samples).variance
