"""Occlusion: A_ij = z_c(x) - z_c(x with window ij filled) (Zeiler & Fergus, Visualizing and Understanding, 2014).

[n, 1, rows, columns], one value a window: enlarging, or averaging overlapping windows, would invent agreement between
neighbours. High where hiding costs the class its score; below zero where it helps. Under an input shift it stays iff
the fill moves along: zero and custom do not, black and mean do, by one value per channel. Cost: one pass a window.
"""

from collections.abc import Iterator

from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores, target_scores
from junco.audit.explain.registry import method
from junco.contract.catalogue import Method, OcclusionParameters
from junco.contract.catalogue.parameters import Shape

Window = tuple[slice, slice]


@method(Method.OCCLUSION)
def occlusion(run: Pass, parameters: OcclusionParameters) -> Tensor:
    """What the target logit loses with each window."""
    shape = (run.x.shape[1], run.x.shape[2], run.x.shape[3])
    fill, places = baseline(run.batch, parameters), list(windows(parameters, shape))
    left = perturbed_scores(run, lambda k: hidden(run.x, places[k], fill), len(places))
    return (target_scores(run)[:, None] - left).view(len(run.x), 1, *parameters.grid(shape))


def windows(parameters: OcclusionParameters, shape: Shape) -> Iterator[Window]:
    """Rows and columns of every window, row by row; the last ones are cut off at the border."""
    side, step = parameters.side(shape), parameters.step(shape)
    rows, columns = parameters.grid(shape)
    for top in range(0, rows * step, step):
        for left in range(0, columns * step, step):
            yield slice(top, top + side), slice(left, left + side)


def hidden(x: Tensor, window: Window, fill: Tensor) -> Tensor:
    """``x`` [n, C, H, W] with ``fill``, which broadcasts against it, in the window."""
    changed = x.clone()
    changed[..., window[0], window[1]] = fill.expand_as(x)[..., window[0], window[1]]
    return changed
