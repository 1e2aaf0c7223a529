"""What input_shift, repeatability and faithfulness cost: functions of the plan alone."""

from collections.abc import Iterator

from junco.contract.catalogue import BaselineParameters, CheckName, Fill
from junco.contract.plan import Plan, PlannedMethod
from junco.contract.request import Shift

REPEATS = 2
"""Ways in which a map is asked for again beside other seeds: another order and batch size, other threads."""

SKETCHED = 2
"""Passes that draw a picture into one image's map: its gradient, and that of the shifted image."""


def parts(plan: Plan, wanted: int) -> Iterator[tuple[int, ...]]:
    """The first ``wanted`` images of ``plan`` in shards of a group's size."""
    count, size = min(wanted, len(plan.selected)), plan.profile.group_size
    for start in range(0, count, size):
        yield tuple(range(start, min(start + size, count)))


def rebased(plan: Plan) -> tuple[PlannedMethod, ...]:
    """Methods of input_shift that measure from a baseline, which may be moved along with the shift."""
    return tuple(m for m in plan.methods_of(CheckName.INPUT_SHIFT) if isinstance(m.chosen, BaselineParameters))


def shift_cost(plan: Plan, shift: Shift, images: int) -> int:
    """Image passes of one shift: every method twice, and once more with its baseline moved."""
    methods = plan.methods_of(CheckName.INPUT_SHIFT)
    each = 2 * max(sum(_price(m, plan) for m in methods), 1) + sum(_price(m, plan) for m in rebased(plan))
    return images * each + SKETCHED * (shift == "image")


def repeat_cost(plan: Plan) -> int:
    """Image passes of repeatability for one image."""
    return _prices(plan, CheckName.REPEATABILITY) * (1 + plan.profile.repeat_draws + REPEATS)


def faithfulness_cost(plan: Plan) -> int:
    """Image passes of faithfulness for one image: its maps, moved copies' maps, two curves an order, squares."""
    profile, orders = plan.profile, len(plan.methods_of(CheckName.FAITHFULNESS)) + plan.profile.faithfulness_orders
    curves = len(Fill) * 2 * (profile.faithfulness_steps - 1) * orders
    ends = 1 + len(Fill)
    return (
        _prices(plan, CheckName.FAITHFULNESS) * (1 + profile.faithfulness_moves)
        + curves
        + ends
        + profile.faithfulness_squares
    )


def _prices(plan: Plan, check: CheckName) -> int:
    return max(sum(_price(m, plan) for m in plan.methods_of(check)), 1)


def _price(method: PlannedMethod, plan: Plan) -> int:
    return method.chosen.passes(plan.preprocessing.shape)
