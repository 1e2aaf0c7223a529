"""Scores of changed images: what every method that hides parts of the image is made of. No gradients, any model."""

from collections.abc import Callable

import torch
from torch import Tensor

from junco.audit.explain.backward import scores
from junco.audit.explain.passes import Pass

Read = Callable[[Tensor, Tensor], Tensor]
"""From logits [m, classes] and targets [m] to what a method needs of them, [m]."""


@torch.no_grad()
def perturbed_scores(run: Pass, changed: Callable[[int], Tensor], count: int, *, read: Read = scores) -> Tensor:
    """Target logits [n, count] of ``changed(k)`` [n, C, H, W] for k in 0..count-1, as many k a pass as fit.

    ``changed`` is called once for each k, in order, and only just before its pass: nothing else is held in memory.
    ``read`` takes something else than the target logit from the answers.
    """
    at_once = max(1, run.rows // len(run.x))
    parts = [_scores(run, changed, range(k, min(k + at_once, count)), read) for k in range(0, count, at_once)]
    return torch.cat(parts, dim=1)


def _scores(run: Pass, changed: Callable[[int], Tensor], places: range, read: Read) -> Tensor:
    logits = run.logits_at(torch.cat([changed(k) for k in places]))
    return read(logits, run.batch.targets.repeat(len(places))).view(len(places), -1).T


def target_scores(run: Pass) -> Tensor:
    """Target logits [n] of the images themselves, of the pass that all methods share."""
    return scores(run.logits, run.batch.targets)
