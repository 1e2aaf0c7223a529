"""Spoilt files by the hundred: each ends in a model or in a named refusal, within ten seconds and two GiB."""

from collections import Counter

import numpy as np
import pytest

from tests.audit.graph.fuzz import archives, graphs, raw, wire  # noqa: F401 - fills the registry
from tests.audit.graph.fuzz.drive import Result, results
from tests.audit.graph.fuzz.registry import MUTATIONS, Kind, spoilt
from tests.audit.graph.fuzz.seeds import seeds

_COUNT = 4 * len(MUTATIONS)


@pytest.fixture(scope="module")
def some() -> list[Result]:
    """Four rounds of every mutation."""
    return list(results(0, _COUNT))


def _shown(bad: list[Result]) -> str:
    return "\n".join(f"{r.number} {r.name}: {r.code} {r.said} {r.seconds:.1f} s" for r in bad)


def test_no_spoilt_file_crashes_hangs_or_ends_unnamed(some: list[Result]) -> None:
    """Each mutation several times, in one child with a runner's limits."""
    assert [result.number for result in some] == list(range(_COUNT))
    assert _COUNT > 100
    assert not [result for result in some if result.bad], _shown([result for result in some if result.bad])


def test_harmless_changes_are_accepted_and_others_refused(some: list[Result]) -> None:
    """Not all files are refused, nor all accepted: both would show that nothing is looked at."""
    codes = Counter(result.code for result in some)
    assert codes["accepted"] > 10
    assert codes["MODEL_UNREADABLE"] > 50
    assert codes["MODEL_FORMAT_UNSUPPORTED"] > 5


def test_a_file_depends_on_its_number_alone() -> None:
    """So that a failure can be had again."""
    valid = seeds()
    for number in range(len(MUTATIONS)):
        first, again = (spoilt(number, valid, np.random.default_rng([20, number])) for _ in range(2))
        assert first == again


def test_every_mutation_changes_its_file() -> None:
    """At least once in five tries: a mutation that changes nothing tests nothing."""
    valid = seeds()
    for name, (function, kinds) in MUTATIONS.items():
        seed = next(seed for seed in valid.values() if seed.kind in kinds)
        assert any(function(seed, np.random.default_rng(i)) != seed.data for i in range(5)), name
    assert {kind for _, kinds in MUTATIONS.values() for kind in kinds} == set(Kind)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_thousands_of_spoilt_files() -> None:
    """As above, four thousand and more."""
    found = list(results(10_000, 4_400))
    assert not [result for result in found if result.bad], _shown([result for result in found if result.bad])
    assert len(found) == 4_400
