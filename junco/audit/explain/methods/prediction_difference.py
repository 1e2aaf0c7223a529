"""Prediction difference: A_j = z_c(x) - mean over draws of z_c(x with segment j drawn anew) (Zintgraf et al. 2017).

[n, 1, side, side] of a grid, [n, 1, H, W] of SLIC, signed. The logit takes the place of the paper's log odds, as in its
section on inner units; segments that of its overlapping windows. Its conditional Gaussian over patches is simplified
to one colour a draw, that of a pixel at most two away from the segment; its marginal is the same place in another of
the plan's images (Robnik-Sikonja & Kononenko 2008). Both move with an input shift. Draws depend on the pass's seed and
the image's place only. Cost: 1 + segments * samples forward passes.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from junco.audit.batch import Batch
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores, target_scores
from junco.audit.explain.registry import method
from junco.audit.explain.segments import Segments, segments
from junco.contract.catalogue import Method, PredictionDifferenceParameters
from junco.contract.errors import InvalidPlan

MARGIN = 2
"""Pixels around a segment that count as its surroundings: the paper's patches exceed its windows by as many."""

Fill = Callable[[int, int], Tensor]
"""From a segment and a draw to images [n, C, H, W], or [n, C, 1, 1], that the segment is cut from."""


@method(Method.PREDICTION_DIFFERENCE)
def prediction_difference(run: Pass, parameters: PredictionDifferenceParameters) -> Tensor:
    """What the score loses, in the mean, when a segment becomes something else that it might have been."""
    cut, count, samples = segments(run.batch, parameters), parameters.segments, parameters.samples
    fill = fills(run, cut, parameters)
    changed = torch.zeros(len(run.x), count, dtype=torch.bool, device=run.x.device)

    def redrawn(k: int) -> Tensor:
        segment, draw = divmod(k, samples)
        image = torch.where(cut.inside(segment), fill(segment, draw), run.x)
        changed[:, segment] |= (image != run.x).flatten(1).any(dim=1)
        return image

    scores = perturbed_scores(run, redrawn, count * samples).double().view(-1, count, samples)
    lost = (target_scores(run).double()[:, None, None] - scores).mean(2)
    # Where every draw is the segment itself nothing is lost, and rounding must not say otherwise.
    return cut.painted(lost * changed).to(run.x.dtype)


def fills(run: Pass, cut: Segments, parameters: PredictionDifferenceParameters) -> Fill:
    """What segments are drawn anew from; raises InvalidPlan where there is no other image to draw from."""
    size, index = (parameters.segments, parameters.samples), run.batch.index
    noise = uniform(size, seed=run.seed, stream=Stream.PREDICTION_DIFFERENCE, index=index, device=run.x.device)
    make = _conditional if parameters.sampling == "conditional" else _marginal
    return make(run.batch, cut, noise)


def _conditional(batch: Batch, cut: Segments, noise: Tensor) -> Fill:
    shift = batch.x.new_zeros(batch.x.shape[1:]) if batch.shift is None else batch.shift.to(batch.x)
    colours = (batch.x - shift).flatten(2)

    @lru_cache(maxsize=1)
    def places(segment: int) -> Tensor:
        """How many of a segment's surroundings come up to each pixel, [n, H * W]."""
        inside = cut.inside(segment)
        wider = max_pool2d(inside.to(batch.x.dtype), 2 * MARGIN + 1, stride=1, padding=MARGIN) > 0
        return (wider & ~inside).flatten(1).cumsum(1)

    def fill(segment: int, draw: int) -> Tensor:
        around = places(segment)
        wanted = (noise[:, segment, draw] * around[:, -1]).long() + 1
        place = torch.searchsorted(around, wanted[:, None]).clamp_max(around.shape[1] - 1)
        return colours.gather(2, place[:, None].expand(-1, colours.shape[1], -1))[..., None] + shift

    return fill


def _marginal(batch: Batch, _cut: Segments, noise: Tensor) -> Fill:
    others = batch.references
    if others is None or len(others) < 2:
        raise InvalidPlan(
            "Marginal sampling draws from other images, and there are none.",
            expected="at least two images",
            found="none" if others is None else str(len(others)),
            remedy="give more images, or set sampling to conditional",
        )
    own = torch.tensor(batch.index, device=noise.device)[:, None, None]
    other = (noise * (len(others) - 1)).long()
    other = other + (other >= own)
    return lambda segment, draw: others[other[:, segment, draw]]
