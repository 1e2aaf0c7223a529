"""Anchors, on games whose anchors are known."""

import numpy as np
import pytest
import torch

from junco.audit.explain.methods.anchors import above
from junco.contract.catalogue import AnchorsParameters, Method
from tests.audit.explain.games import Table, explained, game, random_table, shown
from tests.audit.explain.models import bound

BITS = (np.arange(512)[:, None] >> np.arange(9)) & 1 == 1
ENOUGH = AnchorsParameters(segments=9, samples=400)


def answers(first: Table) -> Table:
    """A game of two classes, of which the first wins where ``first`` [512] says so."""
    return np.stack([np.where(first, 1.0, 0.0), np.full(512, 0.5)])


def mapped(first: Table, parameters: AnchorsParameters = ENOUGH, *, seed: int = 0) -> Table:
    """The map [9] of one image for the first class."""
    batch = shown(1, targets=(0,))
    return (
        explained(game(answers(first), side=3), batch, bound(Method.ANCHORS, parameters), seed=seed)[0]
        .flatten()
        .numpy()
    )


@pytest.mark.parametrize("anchor", [{4}, {0, 8}, {1, 3, 5}])
def test_the_anchor_is_found(anchor: set[int]) -> None:
    """The answer is the first class iff these segments are shown: they, and no others, lie above 1."""
    found = mapped(BITS[:, sorted(anchor)].all(1))
    assert set(np.flatnonzero(found > 1)) == anchor


def test_precisions_are_probabilities_of_the_answer() -> None:
    """Two of three votes: keeping a voter gives 3/4, any other segment 1/2, within 4.5 standard errors of 200 draws."""
    votes = BITS[:, [0, 1, 2]].sum(1) >= 2
    found = mapped(votes, AnchorsParameters(segments=9, samples=800, most=1))
    expected = np.where(np.arange(9) < 3, 0.75, 0.5)
    assert np.abs(found - expected).max() < 4.5 * 0.5 / 200**0.5


def test_without_an_anchor_the_map_is_the_precisions_alone() -> None:
    """A coin thrown for every coalition: no set of segments settles it, and nothing lies above 1."""
    found = mapped(random_table(1, 9, seed=0)[0] > 0)
    assert found.max() <= 1


def test_an_answer_that_never_changes_has_an_anchor_of_one_and_one_precision() -> None:
    """All precisions are 1; the anchor is a single segment."""
    found = mapped(np.ones(512, dtype=bool))
    assert sorted(found) == [1.0] * 8 + [2.0]


def test_a_class_that_is_not_the_answer_keeps_its_place() -> None:
    """For the answered class the count of classes above is 0; for others it is their rank, ties not counted."""
    logits = torch.tensor([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    assert above(logits, torch.tensor([1, 1])).tolist() == [2, 0]


def test_the_scale_of_scores_does_not_matter() -> None:
    """Scores that only grow keep all ranks: the map is the same to the last bit."""
    table = random_table(3, 9, seed=3)
    batch = shown(2, targets=(0, 1))
    ask = bound(Method.ANCHORS, ENOUGH)
    assert torch.equal(explained(game(table, side=3), batch, ask), explained(game(5 * table + 1, side=3), batch, ask))
