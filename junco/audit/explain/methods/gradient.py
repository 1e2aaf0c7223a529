"""Gradient: A = dz_c/dx (Simonyan et al., Deep Inside Convolutional Networks, 2013).

[n, C, H, W], signed, unbounded; unchanged by an input shift that the model compensates. Cost: 1 gradient pass.
"""

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.laws import CHAIN_RULE
from junco.audit.explain.rules.signals import differentiated
from junco.audit.explain.rules.trace import Way
from junco.audit.model import Canonical
from junco.contract.catalogue import BetaParameters, Method


def wants(_model: Canonical, parameters: BetaParameters) -> Wants:
    """The gradient at the images, of the model or of its softplus twin."""
    return Wants(gradient=True).under(parameters.beta)


def _way(run: Pass, parameters: BetaParameters) -> Way | None:
    return None if parameters.beta or CHAIN_RULE.refusal(run.model) else differentiated


@method(Method.GRADIENT, wants=wants, way=_way)
def gradient(run: Pass, parameters: BetaParameters) -> Tensor:
    """Sensitivity of the target logit to each input value."""
    return run.smoothed(parameters.beta).gradient
