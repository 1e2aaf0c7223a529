"""LRP-epsilon: R_i = sum_j x_i w_ij / (z_j + epsilon sign z_j) R_j, from R = z_c at the target's logit.

Bach et al., On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation, 2015,
eq. 58. [n, C, H, W], signed; biases and epsilon absorb their share, the rest sums to z_c. On networks of ReLUs it is
x * dz_c/dx as epsilon goes to 0 (Ancona et al. 2018). Cost: 1 gradient pass.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.conserved import due, shared_out
from junco.audit.explain.rules.formulas import Epsilon
from junco.audit.explain.rules.laws import LRP
from junco.audit.explain.rules.relevance import Rules, way_of
from junco.audit.explain.rules.trace import Way
from junco.contract.catalogue import EpsilonParameters, Method


def _rules(parameters: EpsilonParameters) -> Rules:
    return Rules(Epsilon(parameters.epsilon), biased=True)


def _due(run: Pass, parameters: EpsilonParameters) -> Tensor:
    return due(run, parameters, _rules(parameters))


def _way(_run: Pass, parameters: EpsilonParameters) -> Way:
    return way_of(_rules(parameters), parameters)


@method(Method.LRP_EPSILON, refuses=lambda model, _parameters: LRP.refusal(model), sums_to=_due, way=_way)
def lrp_epsilon(run: Pass, parameters: EpsilonParameters) -> Tensor:
    """Each unit's relevance shared among its inputs in proportion to what they contributed."""
    return shared_out(run, parameters, _rules(parameters))
