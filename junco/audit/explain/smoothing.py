"""The softplus twin of a ReLU network, for as long as it is explained (Dombrowski et al., Explanations Can Be
Manipulated and Geometry Is to Blame, 2019).

relu(z) becomes log(1 + exp(beta z)) / beta, whose slope is sigmoid(beta z). min(z, h), the upper half of a ReLU6, is
h - relu(h - z) and becomes h - softplus(h - z). Max pooling stays, as it does in the paper.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.functional import softplus

from junco.audit.graph.activations import Ceiling

# Where beta z is beyond it, softplus is z to the last bit of a float64, and exp would overflow before long.
_LINEAR = 40.0


def smooth_relu(z: Tensor, beta: float) -> Tensor:
    """log(1 + exp(beta z)) / beta."""
    return softplus(z, beta, _LINEAR)


@contextmanager
def softened(module: nn.Module, beta: float | None) -> Iterator[None]:
    """``module`` with smooth activations in place of kinked ones; as it is where ``beta`` is None."""
    hooks = [] if beta is None else [(part, _softener(part, beta)) for part in module.modules()]
    handles = [part.register_forward_hook(hook) for part, hook in hooks if hook is not None]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _softener(part: nn.Module, beta: float) -> Callable[..., Tensor] | None:
    if isinstance(part, nn.ReLU):
        return lambda _module, inputs, _output: smooth_relu(inputs[0], beta)
    if isinstance(part, Ceiling):
        return lambda module, inputs, _output: module.high - smooth_relu(module.high - inputs[0], beta)
    return None
