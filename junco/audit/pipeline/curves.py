"""Curves over all stages of the cascade, for display: maps, and beside them the prediction's own decay."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from junco.audit.pipeline.merge import Merged
from junco.audit.pipeline.numbers import point
from junco.contract.outcome import Curve
from junco.contract.plan import Plan
from junco.contract.randomization import Order
from junco.contract.statistics import Interval

TRAINED = "trained"
"""Where every curve starts: no layer randomised."""


def of_method(drawn: Merged, label: str) -> tuple[Curve, ...]:
    """Similarity to the trained model's map and its cross-image floor, at every stage that was drawn."""
    return tuple(_curve(drawn, name, label, quantity) for name, quantity in _LINES.items()) if drawn.pieces else ()


_LINES = {"similarity": "rho", "floor": "floor"}


def _curve(drawn: Merged, name: str, label: str, quantity: str) -> Curve:
    tables = [drawn.table(label, drawn.plan.arms[0], stage, quantity=quantity) for stage in drawn.plan.stages]
    ceiling = drawn.original(label, "ceiling") if quantity == "rho" else np.full(1, np.nan)
    return _made(drawn, name, [point(table) for table in (ceiling[:, None], *tables)])


def predictions(drawn: Merged) -> tuple[Curve, ...]:
    """Along the cascade: share of images that keep their class, and probability of that class over the original's."""
    if not drawn.pieces:
        return ()
    original = drawn.logits()
    classes = original.argmax(1)
    whole = Interval(mean=1.0, lower=1.0, upper=1.0)
    kept, faith = [whole], [whole]
    for logits in _by_stage(drawn):
        same = np.stack([(z.argmax(1) == classes).astype(float) for z in logits], axis=1)
        share = np.stack([_probability(z, classes) / _probability(original, classes) for z in logits], axis=1)
        kept.append(point(same))
        faith.append(point(share))
    return _made(drawn, "same_class", kept), _made(drawn, "class_probability", faith)


def _by_stage(drawn: Merged) -> Iterator[list[NDArray[np.float64]]]:
    seeds, arm = range(drawn.plan.profile.curve_seeds), drawn.plan.arms[0].value
    for stage in drawn.plan.stages:
        yield [drawn.logits(arm, str(seed), str(stage)) for seed in seeds]


def _made(drawn: Merged, name: str, points: list[Interval]) -> Curve:
    plan = drawn.plan
    stages, names = (0, *plan.stages), layers(plan, plan.stages)
    return Curve(name=name, arm=plan.arms[0], stages=stages, layers=names, points=tuple(points))


def layers(plan: Plan, stages: Sequence[int]) -> tuple[str, ...]:
    """What the cascade has reached at its start and at ``stages``."""
    steps = plan.steps if plan.randomization.order is Order.BOTTOM_UP else plan.steps[::-1]
    return (TRAINED, *(steps[stage - 1] for stage in stages))


def _probability(logits: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(special.softmax(logits, axis=1)[np.arange(len(classes)), classes], dtype=np.float64)
