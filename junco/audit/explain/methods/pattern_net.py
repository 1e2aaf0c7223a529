"""PatternNet: the gradient with every layer's weights replaced by the patterns that its units answer to.

Kindermans et al., Learning How to Explain Neural Networks: PatternNet and PatternAttribution, 2018. [n, C, H, W],
signed; an estimate of the signal in the image, unchanged by an input shift (patterns come from central moments).
Patterns are fitted on the plan's images, anew for every model. Cost: 1 gradient pass, 3 passes an image of the fit.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.fit import fitted, no_patterns
from junco.audit.explain.rules.passage import Traced, carried
from junco.audit.explain.rules.signals import projected
from junco.contract.catalogue import Method, PatternParameters


@method(Method.PATTERN_NET, refuses=lambda model, _parameters: no_patterns(model))
def pattern_net(run: Pass, parameters: PatternParameters) -> Tensor:
    """The target's signal carried back along patterns, from its logit."""
    weights = fitted(run, parameters)

    def carry(part: Traced) -> Tensor:
        return projected(part.trace, part.logit, {node: fit.pattern for node, fit in weights(part.trace).items()})

    return carried(run, carry)
