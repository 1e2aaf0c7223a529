"""DeepLIFT: A = m * (x - x0), multipliers m by differences of activations from a reference x0.

Shrikumar et al., Learning Important Features Through Propagating Activation Differences, 2017. [n, C, H, W], signed,
sums to z_c(x) - z_c(x0) whatever the model's biases. Under an input shift it stays iff the reference moves along.
By the Rescale rule or by RevealCancel. Cost: 1 gradient pass and 1 forward pass of the reference; RevealCancel asks
each layer for its positive and its negative weights besides, there and back.
"""

from functools import cache

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.laws import DEEP_LIFT
from junco.audit.explain.rules.multipliers import multipliers
from junco.audit.explain.rules.passage import carried, traced
from junco.audit.explain.rules.reveal import revealed
from junco.audit.explain.rules.trace import Trace, Way
from junco.contract.catalogue import DeepLiftParameters, Method


def _gained(run: Pass, parameters: DeepLiftParameters) -> Tensor:
    start = baseline(run.batch, parameters).expand_as(run.x).contiguous()
    return run.scores_at(run.x) - run.scores_at(start)


def _way(run: Pass, parameters: DeepLiftParameters) -> Way:
    start = baseline(run.batch, parameters)
    rule = multipliers if parameters.rule == "rescale" else revealed

    @cache
    def reference(trace: Trace) -> Trace:
        x = trace.value(trace.anatomy.image)
        (found,) = traced(run, start.expand_as(x).contiguous(), run.batch.targets.new_zeros(len(x)))
        return found.trace

    def back(trace: Trace, weights: Tensor) -> Tensor:
        return rule(trace, reference(trace), weights) * (trace.value(trace.anatomy.image) - start)

    return back


@method(Method.DEEP_LIFT, refuses=lambda model, _parameters: DEEP_LIFT.refusal(model), sums_to=_gained, way=_way)
def deep_lift(run: Pass, parameters: DeepLiftParameters) -> Tensor:
    """How much each input's difference from a reference adds to the logit's difference."""
    way = _way(run, parameters)
    return carried(run, lambda part: way(part.trace, part.chosen))
