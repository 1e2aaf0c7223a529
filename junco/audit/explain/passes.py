"""One (model, batch, seed), and what its methods share of it."""

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from junco.audit.explain.backward import Ingredients, Wants, ingredients
from junco.audit.types import Batch, Canonical


class Pass:
    """Ingredients of explanations of one batch, each computed once.

    What ``wants`` names comes out of one forward pass; anything else is computed when asked for, at a pass of its own.
    ``rows`` bounds the images in one pass of the methods that need many.
    """

    def __init__(
        self, model: Canonical, batch: Batch, *, seed: int = 0, wants: Wants | None = None, rows: int | None = None
    ) -> None:
        self.model = model
        self.batch = batch
        self.seed = seed
        self._wants = wants or Wants()
        self._rows = rows or len(batch)
        self._late: dict[Wants, Ingredients] = {}

    @property
    def x(self) -> Tensor:
        """The images as the model gets them, [n, C, H, W]."""
        return self.batch.x

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
        return self._with(Wants(layers=frozenset({layer}))).cams[layer]

    def gradient_at(self, x: Tensor, targets: Tensor) -> Tensor:
        """Gradient of the target logit at other points than the batch's own, [m, C, H, W]."""
        return _made(ingredients(self.model, x, targets, wants=Wants(gradient=True)).gradient)

    def mean_gradient(self, point: Callable[[int], Tensor], weights: Tensor) -> Tensor:
        """Sum over k of ``weights[k]`` times the gradient at ``point(k)`` [n, C, H, W], as many k a pass as fit."""
        total = torch.zeros_like(self.x)
        at_once = max(1, self._rows // len(self.batch))
        for first in range(0, len(weights), at_once):
            total += self._share(point, weights[first : first + at_once].to(self.x), first=first)
        return total

    def _share(self, point: Callable[[int], Tensor], weights: Tensor, *, first: int) -> Tensor:
        points = torch.cat([point(first + k) for k in range(len(weights))])
        gradients = self.gradient_at(points, self.batch.targets.repeat(len(weights)))
        mean: Tensor = torch.tensordot(weights, gradients.view(len(weights), *self.x.shape), dims=1)
        return mean

    @cached_property
    def _shared(self) -> Ingredients:
        return ingredients(self.model, self.x, self.batch.targets, wants=self._wants)

    def _with(self, wants: Wants) -> Ingredients:
        if wants.within(self._wants):
            return self._shared
        if wants not in self._late:
            self._late[wants] = ingredients(self.model, self.x, self.batch.targets, wants=wants)
        return self._late[wants]


def _made(maps: Tensor | None) -> Tensor:
    assert maps is not None, "a pass computes what it is asked for"
    return maps
