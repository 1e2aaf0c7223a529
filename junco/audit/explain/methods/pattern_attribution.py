"""PatternAttribution: the gradient with every layer's weights w replaced by w * a, a the layer's patterns.

Kindermans et al., Learning How to Explain Neural Networks: PatternNet and PatternAttribution, 2018: Deep Taylor with
the root that the data's signal gives. [n, C, H, W], signed; unchanged by an input shift. Cost: 1 gradient pass, and 3
passes an image of the fit, which is shared with pattern_net.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.fit import fitted, no_patterns
from junco.audit.explain.rules.passage import Traced, carried
from junco.audit.explain.rules.signals import projected
from junco.contract.catalogue import Method, PatternParameters


@method(Method.PATTERN_ATTRIBUTION, refuses=lambda model, _parameters: no_patterns(model))
def pattern_attribution(run: Pass, parameters: PatternParameters) -> Tensor:
    """The target's relevance carried back along weights times patterns, from its logit."""
    weights = fitted(run, parameters)

    def carry(part: Traced) -> Tensor:
        return projected(part.trace, part.logit, {n: f.weight * f.pattern for n, f in weights(part.trace).items()})

    return carried(run, carry)
