"""One forward pass, and every backward pass that the gradient family needs from it.

Gradient, Guided Backpropagation, the CAMs and attention relevance differ only in what happens on the way back, so they
share the way there: 1 forward and 2 backward passes instead of one pair each. Values equal Captum's to the last bit on
one device (tested).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from junco.audit.explain.ingredients import Ingredients, Tapped, Wants, joined, trimmed
from junco.audit.explain.room import Room
from junco.audit.explain.smoothing import smooth_relu, softened
from junco.audit.graph.attention import Watched, watched
from junco.audit.model import Attention, Canonical
from junco.contract.errors import ModelNotJudgeable

__all__ = ["Ingredients", "Rectifier", "Tapped", "Wants", "chunks", "ingredients", "outputs_of", "rectified", "scores"]


class Rectifier:
    """The guided rule's switch: while ``on``, what comes back into a ReLU's output is cut at zero.

    ``fired`` counts the ReLU calls of the forward pass. ``cut`` says whether any negative signal was cut where the ReLU
    was open, that is, whether the guided rule changed anything; it is kept only when ``watching``, as it waits for
    the device. With ``beta`` the cut is a softplus too, as Dombrowski et al. smooth the rule.
    """

    def __init__(self, *, watching: bool = False, beta: float | None = None) -> None:
        self.on = False
        self.fired = 0
        self.cut = False
        self._watching = watching
        self._beta = beta

    def __call__(self, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.fired += 1
        if output.requires_grad:
            open_ = output.detach() > 0 if self._watching else None
            output.register_hook(lambda signal: self._cut(signal, open_))  # type: ignore[no-untyped-call]

    def _cut(self, signal: Tensor, open_: Tensor | None) -> Tensor | None:
        if not self.on:
            return None
        if open_ is not None:
            self.cut = self.cut or bool(((signal < 0) & open_).any())
        return torch.relu(signal) if self._beta is None else smooth_relu(signal, self._beta)


@contextmanager
def rectified(module: nn.Module, rectifier: Rectifier) -> Iterator[Rectifier]:
    """``module`` with ``rectifier`` behind every nn.ReLU.

    The cut sits at the ReLU's output, where the incoming signal is R_out itself. Captum's sits at the ReLU's
    input tensor, where the signal of a skip connection that reads the same tensor is already mixed in, and is cut too.
    """
    relus = [part for part in module.modules() if isinstance(part, nn.ReLU)]
    handles = [relu.register_forward_hook(rectifier) for relu in relus]
    try:
        yield rectifier
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def outputs_of(module: nn.Module, layers: frozenset[str]) -> Iterator[dict[str, Tensor]]:
    """What each of ``layers`` answered in the last call of ``module``, fit to be differentiated."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        # Where nothing before the layer needs a gradient, the graph starts here: Grad-CAM alone pays for the top only.
        seen[name] = output if output.requires_grad else output.requires_grad_()

    handles = [
        module.get_submodule(name).register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
        for name in sorted(layers)
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def ingredients(
    model: Canonical,
    x: Tensor,
    targets: Tensor,
    *,
    wants: Wants,
    beta: float | None = None,
    room: Room | None = None,
) -> Ingredients:
    """Everything ``wants`` names, for images ``x`` [n, C, H, W] and class indices ``targets`` [n].

    ``beta`` explains the softplus twin; ``room`` bounds the images in a pass, all at once if absent. Raises
    ModelNotJudgeable when the logits cannot be differentiated, MemoryExceeded when not even one image fits.
    """
    wants = wants.at_once

    def part(start: int, stop: int) -> Ingredients:
        rows = chunks(model, x[start:stop], targets[start:stop])
        return joined([trimmed(_shared(model, some, classes, wants, beta), size) for some, classes, size in rows])

    with softened(model.module, beta):
        return joined((room or Room(len(x))).each(len(x), part, least=model.batch or 1))


def chunks(model: Canonical, x: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor, int]]:
    """``x`` and ``targets`` in the only batch size that the graph takes, with the number of rows that count."""
    size = model.batch or len(x)
    for start in range(0, len(x), size):
        rows, classes = x[start : start + size], targets[start : start + size]
        short = size - len(rows)
        if short:
            # Repeating a real row keeps the padding free of values the model has never met.
            rows = torch.cat([rows, rows[-1:].expand(short, *x.shape[1:])])
            classes = torch.cat([classes, classes[-1:].expand(short)])
        yield rows, classes, size - short


def _shared(model: Canonical, x: Tensor, targets: Tensor, wants: Wants, beta: float | None) -> Ingredients:
    module = model.module
    if wants == Wants():
        with torch.no_grad():
            return Ingredients(module(x))
    # Without a wish for the guided map nobody waits at the ReLUs: a hook there would cost every sample of SmoothGrad.
    guided = module if wants.guided else nn.Identity()
    with (
        torch.set_grad_enabled(wants != Wants(attention=True)),
        rectified(guided, Rectifier(beta=beta)) as rectifier,
        outputs_of(module, wants.layers) as seen,
    ):
        if not (wants.graph and x.requires_grad):
            x = x.detach().requires_grad_(wants.gradient or wants.guided)
        logits, attended = _forward(model, wants)(x)
        score = scores(logits, targets).sum()
        part = _plain(score, x, seen=seen, attended=attended, wants=wants)
        rectifier.on = True
        cut = _backward(score, [x], graph=wants.graph)[0] if wants.guided else None
        rectifier.on = False  # whoever differentiates the map goes back through the same ReLUs by the chain rule
    return Ingredients(logits.detach(), part.gradient, cut, part.layers, part.attention)


def _forward(model: Canonical, wants: Wants) -> Callable[[Tensor], tuple[Tensor, tuple[Watched, ...]]]:
    if wants.attention or wants.attention_gradient:
        assert isinstance(model.attention, Attention), "refused before any work"
        nodes = model.attention.nodes
        return lambda x: watched(model.graph_module, x, nodes)
    return lambda x: (model.module(x), ())


def _plain(
    score: Tensor, x: Tensor, *, seen: Mapping[str, Tensor], attended: tuple[Watched, ...], wants: Wants
) -> Ingredients:
    looked = [watch.source for watch in attended] if wants.attention_gradient else []
    sources = [*seen.values(), *looked, *[x] * wants.gradient]
    signals = _backward(score, sources, keep=wants.guided, graph=wants.graph) if sources else []
    layers = {name: Tapped(seen[name].detach(), signal) for name, signal in zip(seen, signals, strict=False)}
    weights = [watch.weights.detach() for watch in attended]
    if wants.attention_gradient:
        pairs = zip(attended, signals[len(seen) :], strict=False)
        attention = [Tapped(w, watch.pulled(signal)) for w, (watch, signal) in zip(weights, pairs, strict=True)]
    else:
        attention = [Tapped(w) for w in weights]
    return Ingredients(score, signals[-1] if wants.gradient else None, None, layers, tuple(attention))


def _backward(score: Tensor, sources: list[Tensor], *, keep: bool = False, graph: bool = False) -> list[Tensor]:
    if not score.requires_grad:
        raise ModelNotJudgeable(
            "The logits cannot be differentiated with respect to the input.",
            expected="a graph through which gradients flow from the logits to the image",
            found="an operation that stops every gradient",
            remedy="export the model without detaching, rounding or indexing its features",
        )
    signals = torch.autograd.grad(score, sources, retain_graph=keep or graph, create_graph=graph, allow_unused=True)
    return [torch.zeros_like(s) if g is None else g for s, g in zip(sources, signals, strict=True)]


def scores(logits: Tensor, targets: Tensor) -> Tensor:
    """The logit [n] that each image's target names."""
    return logits.gather(1, targets[:, None])[:, 0]
