"""Random weights: A = dz_c/dx of a network of the same architecture with random weights, [n, C, H, W], signed.

The network is one and the same whatever was trained, so that the map knows image and architecture and nothing of the
model: it must fail. Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity, 2018, show how
much of an image an untrained network draws. Cost: 1 gradient pass.
"""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.random_network import random_weights as random_network
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters

_SEED = 0


@method(Control.RANDOM_WEIGHTS)
def random_weights(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """The gradient of a network that has learned nothing."""
    with random_network(run.model.module, seed=_SEED):
        return run.gradient_at(run.x, run.batch.targets)
