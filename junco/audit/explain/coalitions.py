"""An image as a game of its segments: coalitions are shown, the others hidden behind the fill, the logit is the gain.

A segment that equals its fill everywhere, or has no pixel, changes no score: it is no player, and methods give it
exactly 0. Ties between such segments are true; rounding would order them at random.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from junco.audit.explain.baselines import baseline
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores, target_scores
from junco.audit.explain.segments import Segments, segments
from junco.contract.catalogue.segments import FilledParameters


@dataclass(frozen=True)
class Game:
    """One pass's images, cut into segments, with what hidden ones are filled with ([1, C, 1, 1])."""

    run: Pass
    cut: Segments
    fill: Tensor

    @cached_property
    def whole(self) -> Tensor:
        """Score [n] of the whole image, float64, from the pass that all methods share."""
        return target_scores(self.run).double()

    @cached_property
    def players(self) -> Tensor:
        """Segments [n, count] that can change a score."""
        return self.cut.touched((self.run.x != self.fill).any(dim=1))

    def image(self, shown: Tensor) -> Tensor:
        """The images with only the segments that ``shown`` [n, count] names."""
        return torch.where(self.cut.mask(shown), self.run.x, self.fill)

    def scores(self, shown: Tensor) -> Tensor:
        """Score [n, k] of each coalition in ``shown`` [n, k, count], float64."""
        return perturbed_scores(self.run, lambda k: self.image(shown[:, k]), shown.shape[1]).double()

    def painted(self, values: Tensor) -> Tensor:
        """``values`` [n, count] as a map in the images' dtype."""
        return self.cut.painted(values).to(self.run.x.dtype)


def game(run: Pass, parameters: FilledParameters) -> Game:
    """The game that ``parameters`` describe."""
    return Game(run, segments(run.batch, parameters), baseline(run.batch, parameters))
