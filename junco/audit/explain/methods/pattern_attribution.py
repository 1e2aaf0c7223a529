"""PatternAttribution: the gradient with every layer's weights w replaced by w * a, a the layer's patterns.

Kindermans et al., Learning How to Explain Neural Networks: PatternNet and PatternAttribution, 2018: Deep Taylor with
the root that the data's signal gives. [n, C, H, W], signed; unchanged by an input shift. Cost: 1 gradient pass, and 3
passes an image of the fit, which is shared with pattern_net.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.fit import fitted, no_patterns
from junco.audit.explain.rules.passage import carried
from junco.audit.explain.rules.signals import projected
from junco.audit.explain.rules.trace import Trace, Way
from junco.contract.catalogue import Method, PatternParameters


def _way(run: Pass, parameters: PatternParameters) -> Way:
    patterns = fitted(run, parameters)

    def back(trace: Trace, weights: Tensor) -> Tensor:
        start = weights * trace.value(trace.anatomy.answer)
        return projected(trace, start, {n: f.weight * f.pattern for n, f in patterns(trace).items()})

    return back


@method(Method.PATTERN_ATTRIBUTION, refuses=lambda model, _parameters: no_patterns(model), way=_way)
def pattern_attribution(run: Pass, parameters: PatternParameters) -> Tensor:
    """The target's relevance carried back along weights times patterns, from its logit."""
    way = _way(run, parameters)
    return carried(run, lambda part: way(part.trace, part.chosen))
