"""Deconvolution: R_in = max(R_out, 0) at every ReLU, whatever came in on the way there; the gradient elsewhere.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014. [n, C, H, W], signed; unchanged by an
input shift that the model compensates. Maxima send the signal back to where they came from. Cost: 1 gradient pass.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.laws import DECONVOLUTION
from junco.audit.explain.rules.passage import carried
from junco.audit.explain.rules.signals import deconvolved
from junco.audit.explain.rules.trace import Way
from junco.audit.model import Canonical
from junco.contract.catalogue import Method, NoParameters


def _refuses(model: Canonical, _parameters: NoParameters) -> str | None:
    silent = not model.activations.get("ReLU")
    return "Deconvolution changes nothing in a model without a ReLU" if silent else DECONVOLUTION.refusal(model)


def _way(_run: Pass, _parameters: NoParameters) -> Way:
    return deconvolved


@method(Method.DECONVOLUTION, refuses=_refuses, way=_way)
def deconvolution(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """Signals sent back with a ReLU on the way back in place of each on the way there."""
    return carried(run, lambda traced: deconvolved(traced.trace, traced.chosen))
