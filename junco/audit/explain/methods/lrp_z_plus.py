"""LRP-z+: R_i = sum_j (x_i w_ij)+ / sum_i (x_i w_ij)+ R_j, at every layer, the first included.

alpha = 1, beta = 0 of Bach et al. 2015, eq. 60; z+ of Montavon et al., Explaining Nonlinear Classification Decisions
with Deep Taylor Decomposition, 2017, extended to negative inputs. [n, C, H, W], of z_c's sign everywhere; biases are
ignored, so that it sums to z_c. Cost: about 3 gradient passes, shared with deep_taylor and excitation_backprop.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.conserved import due, shared_out
from junco.audit.explain.rules.formulas import AlphaBeta
from junco.audit.explain.rules.laws import LRP_SIGNED
from junco.audit.explain.rules.relevance import Rules, way_of
from junco.audit.explain.rules.trace import Way
from junco.contract.catalogue import Method, RelevanceParameters

_RULES = Rules(AlphaBeta(1, 0))


def _due(run: Pass, parameters: RelevanceParameters) -> Tensor:
    return due(run, parameters, _RULES)


def _way(_run: Pass, parameters: RelevanceParameters) -> Way:
    return way_of(_RULES, parameters)


@method(Method.LRP_Z_PLUS, refuses=lambda model, _parameters: LRP_SIGNED.refusal(model), sums_to=_due, way=_way)
def lrp_z_plus(run: Pass, parameters: RelevanceParameters) -> Tensor:
    """Each unit's relevance shared among the inputs that excite it."""
    return shared_out(run, parameters, _RULES)
