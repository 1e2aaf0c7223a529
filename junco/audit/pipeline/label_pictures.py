"""Pictures of data_randomization: maps after true and after permuted labels, and how the networks learned."""

from collections.abc import Iterator, Sequence

from junco.audit.partial import Key, Partial
from junco.audit.pipeline.drawing import Artifact, Sketch, draws, first, folder
from junco.audit.pipeline.lessons import lessons
from junco.audit.render import CurveData, StripRow, curves_png
from junco.contract.catalogue import CheckName, Lesson
from junco.contract.plan import ShardKind

CHECK = CheckName.DATA_RANDOMIZATION
_HEADS = ("true labels", "true labels, other seed", "permuted labels")
_STRIP = "Maps of one held-out photo on networks of one architecture: the third should differ from the first two."
_CURVES = {
    "accuracy": "Train accuracy by epoch of the first draw's networks; all have to memorise what they are shown.",
    "loss": "Mean loss by epoch of the first draw's networks.",
}

_STEPS = 12
"""Points of a curve, about: a hundred epochs would be a smear."""


@draws(CHECK)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """One strip of all methods, and the first draw's curves; nothing where nothing was trained."""
    pieces = sketch.pieces(ShardKind.LABELS)
    if not pieces or "lessons" not in pieces[0][1].facts:
        return
    partial = pieces[0][1]
    yield from sketch.strip(CHECK, _HEADS, list(_rows(sketch, partial)), _STRIP)
    for quantity, caption in _CURVES.items():
        if all(lessons(partial.facts).get(lesson, {}).get("loss") for lesson in Lesson):
            data = [_line(partial, lesson, quantity) for lesson in Lesson]
            drawn = curves_png(data, title=f"How the networks learned: {quantity}", y_label=quantity)
            yield Artifact(f"{folder(CHECK)}/{quantity}.png", drawn, caption)


def _rows(sketch: Sketch, partial: Partial) -> Iterator[StripRow]:
    for method in sketch.drawn(CHECK):
        keys: list[Key] = [(method.label, lesson.value, "maps") for lesson in Lesson]
        if keys[0] in partial.arrays:
            maps = tuple(first(partial.arrays[key]) if key in partial.arrays else None for key in keys)
            yield StripRow(label=method.label, view=method.card.view, maps=maps)


def _line(partial: Partial, lesson: Lesson, quantity: str) -> CurveData:
    """The curve of one network at the epochs shown; what ended early has no value after."""
    learned = lessons(partial.facts)
    epochs = _shown([len(learned[other][quantity]) for other in Lesson])
    own = learned[lesson][quantity]
    values = tuple(own[epoch] if epoch < len(own) else float("nan") for epoch in epochs)
    return CurveData(label=lesson.value, x=tuple(str(e + 1) for e in epochs), mean=values, lower=values, upper=values)


def _shown(ends: Sequence[int]) -> list[int]:
    """Few enough epochs to be told apart: even steps, and those at which a curve ends."""
    last = max(ends) - 1
    return sorted({round(i * last / _STEPS) for i in range(_STEPS + 1)} | {end - 1 for end in ends if end})
