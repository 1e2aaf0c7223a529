"""What becomes of a network's scales when its weights are drawn anew: running statistics, and layers without any.

Statistics of a trained network drown a drawn one or blow it up, so they are estimated again from real images; to keep
them, or to reset them to 0 and 1, is what published code does. A layer without norm, such as one into whose weights a
norm was folded, can be matched instead: rescaled until its outputs spread as the trained layer's did (after Mishkin &
Matas 2015, whose target is 1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from junco.audit.checks.initialise import WEIGHTED
from junco.audit.model import Canonical, Step

See = Callable[[str, nn.Module, Tensor], Tensor]
"""What happens to a named layer's output."""


def re_estimate(model: Canonical, norms: Sequence[str], batches: Sequence[Tensor]) -> None:
    """Running statistics of the named norm layers from ``batches``: the average of the batches' own statistics."""
    layers = _running(model, norms)
    if not layers or not batches:
        return
    momenta = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.reset_running_stats()  # type: ignore[operator]  # only batch norms have running_mean
            layer.momentum = None  # type: ignore[assignment]  # torch: None means a cumulative average
            layer.train()
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()


def reset(model: Canonical, norms: Sequence[str]) -> None:
    """Running means 0 and variances 1, as a network has them that never saw an image."""
    for layer in _running(model, norms):
        layer.reset_running_stats()  # type: ignore[operator]  # only batch norms have running_mean


def spreads(model: Canonical, batches: Sequence[Tensor]) -> dict[str, float]:
    """Standard deviation of the outputs of every weighted layer that no running statistics follow, by name."""
    found: dict[str, float] = {}

    def see(name: str, _layer: nn.Module, output: Tensor) -> Tensor:
        found.setdefault(name, float(output.double().std()))
        return output

    _watched(model, [name for step in model.steps for name in _normless(model, step)], see, batches)
    return found


def match(model: Canonical, steps: Sequence[Step], wanted: Mapping[str, float], batches: Sequence[Tensor]) -> None:
    """Rescale the layers of ``steps`` in one pass, input first, until their outputs spread as ``wanted`` says."""
    done: set[str] = set()

    def scale(name: str, layer: nn.Module, output: Tensor) -> Tensor:
        ratio = wanted[name] / float(output.double().std())
        if name in done or not 0 < ratio < float("inf"):  # a dead layer has no scale
            return output
        done.add(name)
        for parameter in layer.parameters(recurse=False):
            parameter.mul_(ratio)
        return output * ratio

    _watched(model, [name for step in steps for name in _normless(model, step) if name in wanted], scale, batches)


def _watched(model: Canonical, names: Sequence[str], see: See, batches: Sequence[Tensor]) -> None:
    """One pass over the first batch, in which ``see`` may replace the outputs of the named layers."""
    if names and batches:
        with torch.no_grad(), _hooked(model, names, see):
            model(batches[0])


@contextmanager
def _hooked(model: Canonical, names: Sequence[str], see: See) -> Iterator[None]:
    with ExitStack() as stack:
        for name in names:
            stack.callback(model.submodule(name).register_forward_hook(_hook(name, see)).remove)
        yield


def _hook(name: str, see: See) -> Callable[[nn.Module, object, Tensor], Tensor]:
    return lambda layer, _inputs, output: see(name, layer, output)


def _normless(model: Canonical, step: Step) -> list[str]:
    """Weighted layers of ``step``, unless running statistics follow them."""
    owners = dict.fromkeys(name.rpartition(".")[0] for name in step.tensors)
    return [] if step.norms else [name for name in owners if isinstance(model.submodule(name), WEIGHTED)]


def _running(model: Canonical, norms: Sequence[str]) -> list[nn.Module]:
    layers = [model.submodule(name) for name in norms]
    return [layer for layer in layers if getattr(layer, "running_mean", None) is not None]
