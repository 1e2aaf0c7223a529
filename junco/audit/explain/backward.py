"""One forward pass, and every backward pass that the gradient family needs from it.

Gradient, Guided Backpropagation and Grad-CAM differ only in what happens on the way back, so they share the way there:
1 forward and 2 backward passes instead of 3 and 3. Values equal Captum's to the last bit on one device (tested).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from junco.audit.types import Canonical
from junco.contract.errors import InvalidPlan, ModelNotJudgeable


@dataclass(frozen=True)
class Wants:
    """What the methods of a plan need of a shared pass; ``|`` joins two of them."""

    gradient: bool = False
    guided: bool = False
    layers: frozenset[str] = frozenset()

    def __or__(self, other: "Wants") -> "Wants":
        return Wants(self.gradient or other.gradient, self.guided or other.guided, self.layers | other.layers)

    def within(self, other: "Wants") -> bool:
        """Whether ``other`` covers all of this."""
        return (self | other) == other


@dataclass(frozen=True)
class Ingredients:
    """Logits [n, classes], input gradients [n, C, H, W], Grad-CAM maps [n, 1, h, w] by layer; None where unwanted."""

    logits: Tensor
    gradient: Tensor | None = None
    guided: Tensor | None = None
    cams: Mapping[str, Tensor] = field(default_factory=dict)


class Rectifier:
    """The guided rule's switch: while ``on``, what comes back into a ReLU's output is cut at zero.

    ``fired`` counts the ReLU calls of the forward pass. ``cut`` says whether any negative signal was cut where the ReLU
    was open, that is, whether the guided rule changed anything; it is kept only when ``watching``, as it waits for
    the device.
    """

    def __init__(self, *, watching: bool = False) -> None:
        self.on = False
        self.fired = 0
        self.cut = False
        self._watching = watching

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
        return torch.relu(signal)


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


def ingredients(model: Canonical, x: Tensor, targets: Tensor, *, wants: Wants) -> Ingredients:
    """Everything ``wants`` names, for images ``x`` [n, C, H, W] and class indices ``targets`` [n].

    Raises ModelNotJudgeable when the logits cannot be differentiated, InvalidPlan when a layer's output is no image.
    """
    rows = chunks(model, x, targets)
    parts = [_trim(_shared(model.module, part, classes, wants), size) for part, classes, size in rows]
    return parts[0] if len(parts) == 1 else _joined(parts)


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


def _shared(module: nn.Module, x: Tensor, targets: Tensor, wants: Wants) -> Ingredients:
    if wants == Wants():
        with torch.no_grad():
            return Ingredients(module(x))
    # Without a wish for the guided map nobody waits at the ReLUs: a hook there would cost every sample of SmoothGrad.
    watched = module if wants.guided else nn.Identity()
    with torch.enable_grad(), rectified(watched, Rectifier()) as rectifier, outputs_of(module, wants.layers) as seen:
        x = x.detach().requires_grad_(wants.gradient or wants.guided)
        logits = module(x)
        score = scores(logits, targets).sum()
        gradient, cams = _plain(score, x, seen, wants)
        rectifier.on = True
        guided = _backward(score, [x])[0] if wants.guided else None
    return Ingredients(logits.detach(), gradient, guided, cams)


def _plain(
    score: Tensor, x: Tensor, seen: Mapping[str, Tensor], wants: Wants
) -> tuple[Tensor | None, Mapping[str, Tensor]]:
    sources = list(seen.values()) + [x] * wants.gradient
    signals = _backward(score, sources, keep=wants.guided) if sources else []
    cams = {name: _cam(name, seen[name].detach(), signal) for name, signal in zip(seen, signals, strict=False)}
    return (signals[-1] if wants.gradient else None), cams


def _backward(score: Tensor, sources: list[Tensor], *, keep: bool = False) -> list[Tensor]:
    if not score.requires_grad:
        raise ModelNotJudgeable(
            "The logits cannot be differentiated with respect to the input.",
            expected="a graph through which gradients flow from the logits to the image",
            found="an operation that stops every gradient",
            remedy="export the model without detaching, rounding or indexing its features",
        )
    signals = torch.autograd.grad(score, sources, retain_graph=keep, allow_unused=True)
    return [torch.zeros_like(s) if g is None else g for s, g in zip(sources, signals, strict=True)]


def _cam(name: str, activations: Tensor, signal: Tensor) -> Tensor:
    if activations.dim() != 4:
        raise InvalidPlan(
            f"Layer {name!r} does not answer images.",
            expected="a layer whose output is [n, channels, height, width]",
            found=f"an output of shape {list(activations.shape)}",
            remedy="name one of the spatial layers that inspection lists",
        )
    return torch.relu((signal.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=1, keepdim=True))


def scores(logits: Tensor, targets: Tensor) -> Tensor:
    """The logit [n] that each image's target names."""
    return logits.gather(1, targets[:, None])[:, 0]


def _trim(part: Ingredients, size: int) -> Ingredients:
    if len(part.logits) == size:
        return part
    cams = {name: cam[:size] for name, cam in part.cams.items()}
    return Ingredients(part.logits[:size], _head(part.gradient, size), _head(part.guided, size), cams)


def _head(maps: Tensor | None, size: int) -> Tensor | None:
    return None if maps is None else maps[:size]


def _joined(parts: list[Ingredients]) -> Ingredients:
    def cat(maps: list[Tensor | None]) -> Tensor | None:
        present = [m for m in maps if m is not None]
        return torch.cat(present) if present else None

    return Ingredients(
        torch.cat([part.logits for part in parts]),
        cat([part.gradient for part in parts]),
        cat([part.guided for part in parts]),
        {name: torch.cat([part.cams[name] for part in parts]) for name in parts[0].cams},
    )
