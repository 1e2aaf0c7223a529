"""Tables from partials: hand-made ones, and a real job cut and shuffled in every way."""

from dataclasses import replace

import numpy as np
import pytest

from junco.audit.partial import Partial
from junco.audit.pipeline import randomization
from junco.audit.pipeline.case import Case
from junco.audit.pipeline.codec import decode, encode
from junco.audit.pipeline.merge import Merged, column, columns, count, of_kind
from junco.audit.pipeline.shards import run
from junco.contract.catalogue import Arm
from junco.contract.outcome import CheckOutcome, Outcome
from junco.contract.plan import Shard, ShardKind
from junco.contract.sharding import shards
from junco.contract.statistics import RandomizationStatistics
from tests.truth.product import Job


def same(a: Outcome, b: Outcome) -> bool:
    """Whether all but the provenance is equal, to the last bit."""
    left, right = (o.model_dump_json(exclude={"provenance"}) for o in (a, b))
    return left == right


def cells_of(job: Job) -> Shard:
    """The only shard of cells."""
    (shard,) = [s for s in shards(job.plan) if s.kind is ShardKind.CELLS]
    return shard


def test_the_order_in_which_shards_finish_does_not_matter(job: Job) -> None:
    """Partials handed over in any order, and through bytes, conclude in the same outcome."""
    whole = job.outcome()
    backwards = dict(reversed(job.partials.items()))
    assert same(job.outcome(partials=backwards), whole)
    assert same(job.outcome(partials={i: decode(encode(p)) for i, p in backwards.items()}), whole)


def test_shards_do_not_know_of_each_other(job: Job) -> None:
    """Run again alone and in the opposite order: the same arrays, bit for bit."""
    for shard in reversed(shards(job.plan)):
        again = run(shard, job.plan, job.model, job.files)
        assert set(again.arrays) == set(job.partials[shard.index].arrays)
        for key, value in job.partials[shard.index].arrays.items():
            np.testing.assert_array_equal(again.arrays[key], value)


def numbers(found: CheckOutcome) -> RandomizationStatistics:
    """Statistics less the one that compares a seed with its neighbour in the shard."""
    assert isinstance(found.statistics, RandomizationStatistics)
    return found.statistics.model_copy(update={"random_vs_random": None})


def test_cells_may_fall_into_any_number_of_shards(job: Job) -> None:
    """One cell a shard: the same verdicts, kappas, ceilings and preflight."""
    whole = cells_of(job)
    cell_shards = [whole.model_copy(update={"cells": (cell,)}) for cell in whole.cells]
    pieces = [(shard, run(shard, job.plan, job.model, job.files)) for shard in cell_shards]
    curve = of_kind(job.plan, job.partials, ShardKind.CURVE)
    case = Case(job.plan, job.report, job.partials, job.labels)
    split = randomization.found(case, pieces, curve=curve)
    together = randomization.conclude(case)
    assert split.run == together.run
    for label, found in together.outcomes.items():
        assert split.outcomes[label].verdict is found.verdict
        assert numbers(split.outcomes[label]) == numbers(found)


def shard(images: tuple[int, ...], job: Job) -> Shard:
    """The job's cells on these images."""
    return cells_of(job).model_copy(update={"images": images})


@pytest.fixture
def by_hand(job: Job) -> Merged:
    """Two groups of two images with values that tell where they belong; group two lacks one seed."""

    def part(images: tuple[int, ...], *, seeds: tuple[int, ...]) -> tuple[Shard, Partial]:
        arrays = {("m", "reinit", str(s), "2", "rho"): np.array([10.0 * s + i for i in images]) for s in seeds}
        logits = {("logits", "original"): np.array([[i, -i] for i in images], dtype=float)}
        return shard(images, job), Partial(arrays | logits | {("m", "original", "ceiling"): np.array(images) / 10})

    plan = job.plan.model_copy(update={"selected": (7, 5, 3, 1)})
    return Merged(plan, [part((1, 3), seeds=(0, 2)), part((0, 2), seeds=(0, 1, 2))])


def test_values_stand_at_their_image_and_seed(by_hand: Merged) -> None:
    """Images down in plan order, seeds across; what was not measured is NaN."""
    nan = np.nan
    expected = [[0, 10, 20], [1, nan, 21], [2, 12, 22], [3, nan, 23]]
    np.testing.assert_array_equal(by_hand.table("m", Arm.REINIT, 2, quantity="rho"), expected)
    assert np.isnan(by_hand.table("m", Arm.PERMUTE, 2, quantity="rho")).all()
    np.testing.assert_array_equal(by_hand.original("m", "ceiling"), [0, 0.1, 0.2, 0.3])
    assert np.isnan(by_hand.original("m", "edge")).all()


def test_columns_are_of_the_images_that_have_them(by_hand: Merged) -> None:
    """Piece after piece; one that a piece lacks is an error where all are asked for, and shorter where any is."""
    assert count(by_hand.pieces) == 4
    np.testing.assert_array_equal(column(by_hand.pieces, ("m", "original", "ceiling")), [0.1, 0.3, 0.0, 0.2])
    with pytest.raises(KeyError):
        column(by_hand.pieces, ("m", "reinit", "1", "2", "rho"))
    found = columns(by_hand.pieces, "m", "reinit", "1", "2")
    assert {name: list(values) for name, values in found.items()} == {"rho": [10, 12]}


def test_logits_stand_in_the_plans_order(by_hand: Merged) -> None:
    """Whatever group they came from."""
    np.testing.assert_array_equal(by_hand.logits(), [[0, 0], [1, -1], [2, -2], [3, -3]])
    assert by_hand.logits("reinit", "0", "2").size == 0


def test_facts_are_collected_from_every_piece_that_has_them(job: Job) -> None:
    """In the plan's order."""
    pieces = of_kind(job.plan, job.partials, ShardKind.CELLS)
    assert len(Merged(job.plan, pieces).facts("parity")) == 1
    bare = [(s, replace(p, facts={})) for s, p in pieces]
    assert Merged(job.plan, bare).facts("parity") == []
