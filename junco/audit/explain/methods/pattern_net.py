"""PatternNet: the gradient with every layer's weights replaced by the patterns that its units answer to.

Kindermans et al., Learning How to Explain Neural Networks: PatternNet and PatternAttribution, 2018. [n, C, H, W],
signed; an estimate of the signal in the image, unchanged by an input shift (patterns come from central moments).
Patterns are fitted on the plan's images, anew for every model. Cost: 1 gradient pass, 3 passes an image of the fit.
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
        return projected(trace, start, {node: fit.pattern for node, fit in patterns(trace).items()})

    return back


@method(Method.PATTERN_NET, refuses=lambda model, _parameters: no_patterns(model), way=_way)
def pattern_net(run: Pass, parameters: PatternParameters) -> Tensor:
    """The target's signal carried back along patterns, from its logit."""
    way = _way(run, parameters)
    return carried(run, lambda part: way(part.trace, part.chosen))
