"""One (model, batch, seed), and what its methods share of it."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explain.backward import Ingredients, Tapped, Wants, ingredients, scores
from junco.audit.explain.cams import as_images, grad_cam
from junco.audit.explain.noisy import Moments, moments
from junco.audit.explain.room import Room
from junco.audit.model import Canonical

C = TypeVar("C")
T = TypeVar("T")


class Pass:
    """Ingredients of explanations of one batch, each computed once.

    What ``wants`` names comes out of one forward pass; anything else is computed when asked for, at a pass of its own.
    ``rows`` bounds the images in one pass, and may be a bound that passes share. ``beta`` explains the softplus twin.
    ``memo`` is where methods keep what they share of this pass, ``kept`` what they share of all passes over this model
    with its present weights and these reference images. ``graph`` keeps gradients differentiable, back to the images.
    """

    def __init__(
        self,
        model: Canonical,
        batch: Batch,
        *,
        seed: int = 0,
        wants: Wants | None = None,
        rows: int | Room | None = None,
        beta: float | None = None,
        kept: dict[Hashable, Any] | None = None,
        graph: bool = False,
    ) -> None:
        self.model = model
        self.batch = batch
        self.seed = seed
        self.beta = beta
        self._wants = wants or Wants()
        self._room = rows if isinstance(rows, Room) else Room(rows or len(batch))
        self._late: dict[Wants, Ingredients] = {}
        self._moments: dict[float, dict[int, Moments]] = {}
        self._twins: dict[float, Pass] = {}
        self.memo: dict[Hashable, Any] = {}
        self.kept: dict[Hashable, Any] = {} if kept is None else kept
        self._graph = graph

    @property
    def x(self) -> Tensor:
        """The images as the model gets them, [n, C, H, W]."""
        return self.batch.x

    @property
    def rows(self) -> int:
        """Images that fit in one pass, as far as is known by now."""
        return self._room.rows

    @cached_property
    def logits(self) -> Tensor:
        """[n, classes]."""
        return self._shared.logits

    @property
    def gradient(self) -> Tensor:
        """Gradient of the target logit, [n, C, H, W]."""
        return _made(self._with(Wants(gradient=True)).gradient)

    @property
    def guided(self) -> Tensor:
        """The gradient with negative signals cut at every ReLU, [n, C, H, W]."""
        return _made(self._with(Wants(guided=True)).guided)

    def cam(self, layer: str) -> Tensor:
        """Grad-CAM map at the resolution of ``layer``, [n, 1, h, w]."""
        return grad_cam(self.tapped(layer))

    def tapped(self, layer: str) -> Tapped:
        """Output of ``layer`` and its gradient, [n, channels, h, w]; tokens are laid out as the patches that they are.

        Raises InvalidPlan when the layer's output is no image.
        """
        return as_images(self.model, layer, self._with(Wants(layers=frozenset({layer}))).layers[layer])

    def attention(self, *, gradient: bool) -> tuple[Tapped, ...]:
        """Attention weights in execution order, [n, heads, tokens, tokens], with their gradients if asked for."""
        return self._with(Wants(attention=True, attention_gradient=gradient)).attention

    def noisy(self, sigma: float, samples: int) -> Moments:
        """Mean and variance of the gradient over ``samples`` draws of SmoothGrad's noise.

        Draws are made once for all numbers of samples that are wanted at ``sigma``.
        """
        found = self._moments.setdefault(sigma, {})
        if samples not in found:
            wanted = {count for other, count in self._wants.draws if other == sigma} | {samples}
            found |= moments(self, sigma, wanted)
        return found[samples]

    def smoothed(self, beta: float | None) -> "Pass":
        """The pass of the softplus twin with ``beta``, one for all methods that name it; this pass if None."""
        if beta is None:
            return self
        if beta not in self._twins:
            wants = self._wants.of_twin(beta)
            self._twins[beta] = Pass(
                self.model, self.batch, seed=self.seed, wants=wants, rows=self._room, beta=beta, graph=self._graph
            )
        return self._twins[beta]

    def in_parts(self, work: Callable[[int, int], T]) -> list[T]:
        """``work(start, stop)`` over the batch's images, in parts that fit into memory."""
        return self._room.each(len(self.batch), work, least=self.model.batch or 1)

    def gradient_at(self, x: Tensor, targets: Tensor) -> Tensor:
        """Gradient of the target logit at other points than the batch's own, [m, C, H, W]."""
        return _made(self._made_of(x, targets, Wants(gradient=True)).gradient)

    def gradients(self, points: Iterable[tuple[Tensor, C]]) -> Iterator[tuple[Tensor, C]]:
        """Gradient at each point [n, C, H, W] with what came with it, in order, as many points a pass as fit."""
        waiting = iter(points)
        while some := list(islice(waiting, max(1, self.rows // len(self.batch)))):
            targets = self.batch.targets.repeat(len(some))
            found = torch.split(self.gradient_at(torch.cat([point for point, _ in some]), targets), len(self.batch))
            yield from zip(found, [carried for _, carried in some], strict=True)

    def weighted_gradients(self, points: Iterable[tuple[Tensor, Tensor | float]]) -> Tensor:
        """Sum over points [n, C, H, W] of weight times gradient."""
        total = torch.zeros_like(self.x)
        for gradient, weight in self.gradients(points):
            total += weight * gradient
        return total

    def logits_at(self, x: Tensor) -> Tensor:
        """Logits [m, classes] of other images than the batch's own, without gradients, as many a pass as fit."""
        classes = x.new_zeros(len(x), dtype=torch.long)
        return self._made_of(x, classes, Wants()).logits

    def scores_at(self, x: Tensor) -> Tensor:
        """Target logits [n] of other images [n, C, H, W] in the batch's places."""
        return scores(self.logits_at(x), self.batch.targets)

    @cached_property
    def _shared(self) -> Ingredients:
        return self._made_of(self.x, self.batch.targets, self._wants)

    def _with(self, wants: Wants) -> Ingredients:
        if wants.within(self._wants):
            return self._shared
        if wants not in self._late:
            self._late[wants] = self._made_of(self.x, self.batch.targets, wants)
        return self._late[wants]

    def _made_of(self, x: Tensor, targets: Tensor, wants: Wants) -> Ingredients:
        wants = replace(wants, graph=True) if self._graph and wants != Wants() else wants
        return ingredients(self.model, x, targets, wants=wants, beta=self.beta, room=self._room)


def _made(maps: Tensor | None) -> Tensor:
    assert maps is not None, "a pass computes what it is asked for"
    return maps
