"""SmoothGrad: A = mean over e ~ N(0, s_i^2) of dz_c/dx at x + e, s_i = sigma * (max x_i - min x_i).

Smilkov et al., SmoothGrad, 2017. [n, C, H, W], signed. What its noise is: ``explain/noisy.py``. Cost: ``samples``
gradient passes.
"""

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.model import Canonical
from junco.contract.catalogue import Method, NoiseParameters


def wants(_model: Canonical, parameters: NoiseParameters) -> Wants:
    """The draws of SmoothGrad and of its kin."""
    return Wants(draws=frozenset({(parameters.sigma, parameters.samples)})).under(parameters.beta)


@method(Method.SMOOTHGRAD, wants=wants)
def smoothgrad(run: Pass, parameters: NoiseParameters) -> Tensor:
    """The gradient averaged over noisy copies of the input."""
    return run.smoothed(parameters.beta).noisy(parameters.sigma, parameters.samples).mean
