"""Guided Backpropagation: R_in = 1{z > 0} * max(R_out, 0) at every ReLU, the gradient elsewhere.

Springenberg et al., Striving for Simplicity, 2014. [n, C, H, W], signed. Cost: 1 backward pass over gradient's forward.
The rule speaks of ReLU only; where another activation sits there is no Guided Backpropagation, so none is made up.
With beta the rule is smoothed as Dombrowski et al. smooth it: R_in = sigmoid(beta z) * softplus_beta(R_out).
"""

import re

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.laws import CHAIN_RULE
from junco.audit.explain.rules.signals import guided
from junco.audit.explain.rules.trace import Way
from junco.audit.model import Canonical
from junco.contract.catalogue import BetaParameters, Method

# Piecewise linear and without a sign of their own: the gradient is the rule. A Ceiling is the upper half of a ReLU6.
_PASSED = re.compile(r"ReLU|Ceiling|Min\d*(\.\d+)?|(Adaptive)?MaxPool([123]d)?")


def no_guided_rule(model: Canonical) -> str | None:
    """Why the guided rule is undefined for ``model``, or None."""
    strangers = sorted(kind for kind, count in model.activations.items() if count and not _PASSED.fullmatch(kind))
    if strangers:
        return f"the guided rule is defined for ReLU only, and the model has {', '.join(strangers)}"
    if not model.activations.get("ReLU"):
        return "the guided rule changes nothing in a model without a ReLU"
    return None


def _wants(_model: Canonical, parameters: BetaParameters) -> Wants:
    return Wants(guided=True).under(parameters.beta)


def _way(run: Pass, parameters: BetaParameters) -> Way | None:
    return None if parameters.beta or CHAIN_RULE.refusal(run.model) else guided


@method(
    Method.GUIDED_BACKPROP,
    refuses=lambda model, _parameters: no_guided_rule(model),
    wants=_wants,
    way=_way,
)
def guided_backprop(run: Pass, parameters: BetaParameters) -> Tensor:
    """The gradient with negative signals cut at every ReLU on the way back."""
    return run.smoothed(parameters.beta).guided
