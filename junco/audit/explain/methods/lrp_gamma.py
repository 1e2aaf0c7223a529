"""LRP-gamma: contributions of a unit's own sign count 1 + gamma times.

Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019, for units above zero; Andeol et al., Learning
Domain Invariant Representations by Joint Wasserstein Distance Minimization, 2021, for both signs. [n, C, H, W], signed;
biases take their share, the rest sums to z_c. gamma = 0 is LRP-0, gamma to infinity the z+ rule. Cost: about 5
gradient passes.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.conserved import due, shared_out
from junco.audit.explain.rules.formulas import Gamma
from junco.audit.explain.rules.laws import LRP
from junco.audit.explain.rules.relevance import Rules, way_of
from junco.audit.explain.rules.trace import Way
from junco.contract.catalogue import GammaParameters, Method


def _rules(parameters: GammaParameters) -> Rules:
    return Rules(Gamma(parameters.gamma), biased=True)


def _due(run: Pass, parameters: GammaParameters) -> Tensor:
    return due(run, parameters, _rules(parameters))


def _way(_run: Pass, parameters: GammaParameters) -> Way:
    return way_of(_rules(parameters), parameters)


@method(Method.LRP_GAMMA, refuses=lambda model, _parameters: LRP.refusal(model), sums_to=_due, way=_way)
def lrp_gamma(run: Pass, parameters: GammaParameters) -> Tensor:
    """LRP that favours contributions of the unit's own sign."""
    return shared_out(run, parameters, _rules(parameters))
