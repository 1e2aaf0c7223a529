"""Anchors on segments: A_j = P(class c keeps its place | s keeps j) + 1 where j is in the anchor (Ribeiro et al. 2018).

s shows every other segment with probability 1/2. c keeps its place if no more classes outscore it on x_s than on x: for
the class that the model answers, as in the paper, if the answer stays. The anchor is a smallest set, found by a beam
search with KL-LUCB bounds, whose precision is at least the threshold with the confidence asked for; where samples do
not suffice for one, the map is the precisions alone. [n, 1, side, side] of a grid, [n, 1, H, W] of SLIC, in [0, 2],
unsigned. Draws depend on the pass's seed and the image's place only, the search on its own image's answers. Cost:
``samples`` forward passes; those that the search does not need make the precisions sharper.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from junco.audit.explain.anchor_search import Rules, Search, opening
from junco.audit.explain.backward import scores
from junco.audit.explain.coalitions import Game, game
from junco.audit.explain.noise import Stream, uniform
from junco.audit.explain.passes import Pass
from junco.audit.explain.perturb import perturbed_scores
from junco.audit.explain.registry import method
from junco.contract.catalogue import AnchorsParameters, Method

ROUND = 20
"""Samples between two looks at the bounds."""


@method(Method.ANCHORS)
def anchors(run: Pass, parameters: AnchorsParameters) -> Tensor:
    """How surely each segment holds the answer, those of the anchor first."""
    played = game(run, parameters)
    searches = [Search(players, parameters) for players in played.players.cpu().numpy()]
    place = above(run.logits, run.batch.targets)
    for turn, size in enumerate(_rounds(parameters)):
        rules = np.stack([search.ask(size) for search in searches])
        shown = _drawn(run, rules, turn=turn)
        _told(searches, rules, shown, _places(played, shown) <= place[:, None])
    return played.painted(torch.from_numpy(np.stack([_ranked(search) for search in searches])).to(run.x.device))


def _rounds(parameters: AnchorsParameters) -> Iterator[int]:
    first = opening(parameters)
    left = parameters.samples - 1 - first
    yield first
    yield from (min(ROUND, left - done) for done in range(0, left, ROUND))


def _places(played: Game, shown: Tensor) -> Tensor:
    """How many classes outscore the target on each coalition, [n, size]."""
    return perturbed_scores(played.run, lambda k: played.image(shown[:, k]), shown.shape[1], read=above)


def _told(searches: list[Search], rules: Rules, shown: Tensor, stayed: Tensor) -> None:
    for search, *told in zip(searches, rules, shown.cpu().numpy(), stayed.cpu().numpy(), strict=True):
        search.tell(*told)


def _drawn(run: Pass, rules: Rules, *, turn: int) -> Tensor:
    """A coalition [n, size, M] for each rule, which it contains."""
    size, index, device = (rules.shape[1], rules.shape[2]), run.batch.index, run.x.device
    noise = uniform(size, seed=run.seed, stream=Stream.ANCHORS, index=index, draw=turn, device=device)
    return (noise < 0.5) | torch.from_numpy(rules).to(device)


def above(logits: Tensor, targets: Tensor) -> Tensor:
    """How many classes outscore each target, [n]."""
    return (logits > scores(logits, targets)[:, None]).sum(dim=1)


def _ranked(search: Search) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    found = search.precisions()
    found[list(search.anchor or ())] += 1
    return found
