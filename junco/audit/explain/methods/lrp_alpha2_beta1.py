"""LRP-alpha2-beta1: R_i = sum_j (2 c+_ij / sum_i c+_ij - c-_ij / sum_i c-_ij) R_j for contributions c = x w.

Bach et al. 2015, eq. 60, with z^B at the first layer (Montavon et al. 2017). [n, C, H, W], signed; biases are ignored
and units with contributions of one sign alone hand on all they have, so that it sums to z_c. Cost: about 5
gradient passes.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.conserved import due, shared_out
from junco.audit.explain.rules.formulas import AlphaBeta
from junco.audit.explain.rules.laws import LRP_SIGNED
from junco.audit.explain.rules.relevance import Rules, way_of
from junco.audit.explain.rules.roots import first_rule
from junco.audit.explain.rules.trace import Way
from junco.contract.catalogue import AlphaBetaParameters, Method


def _rules(run: Pass, parameters: AlphaBetaParameters) -> Rules:
    return Rules(AlphaBeta(2, 1), first=first_rule(run.batch, parameters))


def _due(run: Pass, parameters: AlphaBetaParameters) -> Tensor:
    return due(run, parameters, _rules(run, parameters))


def _way(run: Pass, parameters: AlphaBetaParameters) -> Way:
    return way_of(_rules(run, parameters), parameters)


@method(Method.LRP_ALPHA2_BETA1, refuses=lambda model, _parameters: LRP_SIGNED.refusal(model), sums_to=_due, way=_way)
def lrp_alpha2_beta1(run: Pass, parameters: AlphaBetaParameters) -> Tensor:
    """Excitatory contributions twice, less inhibitory ones once."""
    return shared_out(run, parameters, _rules(run, parameters))
