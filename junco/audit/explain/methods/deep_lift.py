"""DeepLIFT with the Rescale rule: A = m * (x - x0), multipliers m by differences of activations from a reference x0.

Shrikumar et al., Learning Important Features Through Propagating Activation Differences, 2017. [n, C, H, W], signed,
sums to z_c(x) - z_c(x0) whatever the model's biases. Under an input shift it stays iff the reference moves along.
RevealCancel is not offered. Cost: 1 gradient pass and 1 forward pass of the reference.
"""

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rules.laws import DEEP_LIFT
from junco.audit.explain.rules.multipliers import multipliers
from junco.audit.explain.rules.passage import Traced, carried, traced
from junco.contract.catalogue import DeepLiftParameters, Method


def _gained(run: Pass, parameters: DeepLiftParameters) -> Tensor:
    start = baseline(run.batch, parameters).expand_as(run.x).contiguous()
    return run.scores_at(run.x) - run.scores_at(start)


@method(Method.DEEP_LIFT, refuses=lambda model, _parameters: DEEP_LIFT.refusal(model), sums_to=_gained)
def deep_lift(run: Pass, parameters: DeepLiftParameters) -> Tensor:
    """How much each input's difference from a reference adds to the logit's difference."""
    start = baseline(run.batch, parameters)

    def carry(part: Traced) -> Tensor:
        x = part.trace.value(part.trace.anatomy.image)
        (reference,) = traced(run, start.expand_as(x).contiguous(), part.targets)
        return multipliers(part.trace, reference.trace, part.chosen) * (x - start)

    return carried(run, carry)
