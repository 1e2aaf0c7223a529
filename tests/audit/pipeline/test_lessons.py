"""What the networks of data_randomization must have learned before their maps mean anything."""

import pytest

from junco.audit.partial import Partial
from junco.audit.pipeline.lessons import gates
from junco.contract.catalogue import CheckName, Lesson
from junco.contract.plan import Shard, ShardKind
from junco.contract.thresholds import Thresholds

HELD_OUT, LIMIT, MAJORITY = 50, 14, 8 / 50
"""Of 50 images whose largest class has 8, a blind network hits more than 14 once in a hundred times."""


def held(hits: dict[Lesson, int]) -> dict[str, bool]:
    """Which gates hold where each network hits so many held-out images."""
    lessons = {lesson: {"loss": [], "accuracy": [], "tested": count / HELD_OUT} for lesson, count in hits.items()}
    shard = Shard(
        index=0, check=CheckName.DATA_RANDOMIZATION, kind=ShardKind.LABELS, images=tuple(range(HELD_OUT)), cost=1
    )
    partial = Partial(arrays={}, facts={"lessons": lessons, "majority": MAJORITY})
    return {gate.name: gate.holds for gate in gates([(shard, partial)], Thresholds())}


@pytest.mark.parametrize(("hits", "blind"), [(LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False)])
def test_the_limit_of_chance_is_a_count(hits: int, blind: bool) -> None:
    """As many hits as chance allows are chance, for permuted labels and for true ones, though 14 / 50 * 50 > 14."""
    assert 14 / 50 * 50 > 14
    gate = held(dict.fromkeys(Lesson, hits))
    assert gate == {"generalises_true": not blind, "generalises_twin": not blind, "at_chance_permuted": blind}
