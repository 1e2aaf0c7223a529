"""Deep Taylor decomposition: the z+ rule inside, z^B between the ends of the pixels' range at the first layer.

Montavon et al., Explaining Nonlinear Classification Decisions with Deep Taylor Decomposition, 2017, eqs. 12 and 16.
[n, C, H, W], of z_c's sign everywhere, sums to z_c. The paper explains max(z_c, 0) of networks without positive biases:
here a negative logit turns the sign of the map instead of making it zero, and biases are ignored. Cost: about 3
gradient passes, shared with lrp_z_plus.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.conserved import due, shared_out
from junco.audit.explain.rules.formulas import AlphaBeta
from junco.audit.explain.rules.laws import NOT_NEGATIVE
from junco.audit.explain.rules.relevance import Rules, way_of
from junco.audit.explain.rules.roots import first_rule
from junco.audit.explain.rules.trace import Way
from junco.contract.catalogue import Method, RootParameters


def _rules(run: Pass, parameters: RootParameters) -> Rules:
    return Rules(AlphaBeta(1, 0), first=first_rule(run.batch, parameters))


def _due(run: Pass, parameters: RootParameters) -> Tensor:
    return due(run, parameters, _rules(run, parameters))


def _way(run: Pass, parameters: RootParameters) -> Way:
    return way_of(_rules(run, parameters), parameters)


@method(Method.DEEP_TAYLOR, refuses=lambda model, _parameters: NOT_NEGATIVE.refusal(model), sums_to=_due, way=_way)
def deep_taylor(run: Pass, parameters: RootParameters) -> Tensor:
    """A Taylor expansion at every unit."""
    return shared_out(run, parameters, _rules(run, parameters))
