"""What the networks of data_randomization learned: the gates that they must pass, and their curves."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from junco.audit.pipeline.merge import Pieces
from junco.audit.verdict import chance
from junco.contract.catalogue import Lesson
from junco.contract.outcome import Curve, Preflight
from junco.contract.statistics import Interval
from junco.contract.thresholds import Thresholds


def gates(pieces: Pieces, t: Thresholds) -> Iterator[Preflight]:
    """Every network must have memorised its labels; true labels must show on held-out images, permuted ones not."""
    for lesson in _those(pieces):
        if all(lessons(partial.facts)[lesson]["accuracy"] for _, partial in pieces):
            yield _memorised(pieces, lesson, t.label_memorised)
    shard, partial = pieces[0]
    images, majority = len(shard.images), float(partial.facts["majority"])  # type: ignore[arg-type]  # JSON
    for lesson in _those(pieces):
        # Chance is a network that says one class, or guesses as often as classes come.
        yield _tested(pieces, lesson, images, chance(images, majority))


def curves(pieces: Pieces) -> tuple[Curve, ...]:
    """Loss and train accuracy of every network, epoch by epoch."""
    return tuple(
        _curve(f"{quantity} {lesson} {shard.cells[0].seed}", lessons(partial.facts)[lesson][quantity])
        for quantity in ("loss", "accuracy")
        for lesson in _those(pieces)
        for shard, partial in pieces
        if lessons(partial.facts)[lesson][quantity]
    )


def lessons(facts: Any) -> dict[str, Any]:
    """What one shard's networks learned, by lesson."""
    found: dict[str, Any] = facts["lessons"]
    return found


def _those(pieces: Pieces) -> list[Lesson]:
    """Lessons that were measured: where models are supplied, there may be no twin."""
    return [lesson for lesson in Lesson if lesson in lessons(pieces[0][1].facts)]


def _memorised(pieces: Pieces, lesson: Lesson, gate: float) -> Preflight:
    reached = [lessons(partial.facts)[lesson]["accuracy"][-1] for _, partial in pieces]
    epochs = max(len(lessons(partial.facts)[lesson]["loss"]) for _, partial in pieces)
    when = f" after up to {epochs} epochs" if epochs else ""
    detail = f"train accuracy {min(reached):.1%} or more{when}; above {gate:.0%} is needed"
    return Preflight(name=f"memorised_{lesson}", holds=min(reached) > gate, detail=detail)


def _tested(pieces: Pieces, lesson: Lesson, images: int, limit: int) -> Preflight:
    """Over draws the middle, as one in a hundred networks passes the limit by chance."""
    # Shares are counts again before they are compared with one: 7 / 50 * 50 is more than 7.
    hits = float(np.median([round(lessons(partial.facts)[lesson]["tested"] * images) for _, partial in pieces]))
    blind = lesson is Lesson.PERMUTED
    holds = hits <= limit if blind else hits > limit
    detail = f"{hits:.0f} of {images} held-out images are right, chance allows {limit}"
    return Preflight(name=f"{'at_chance' if blind else 'generalises'}_{lesson}", holds=holds, detail=detail)


def _curve(name: str, values: list[float]) -> Curve:
    stages = tuple(range(1, len(values) + 1))
    points = tuple(Interval(mean=value) for value in values)
    return Curve(name=name, stages=stages, layers=tuple(f"epoch {stage}" for stage in stages), points=points)
