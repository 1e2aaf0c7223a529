"""From a plan to its shards: a pure function of the plan, never of the number of workers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from junco.contract.attacking import attackable, fragility_cost, manipulated, manipulation_cost, pieces_of
from junco.contract.catalogue import METHODS, Arm, CheckName
from junco.contract.plan import Cell, Plan, PlannedMethod, Shard, ShardKind

Pieces = Callable[[Plan], Iterable[Shard]]

_pieces: dict[CheckName, Pieces] = {}

PIECES: Mapping[CheckName, Pieces] = MappingProxyType(_pieces)
"""How each check falls into shards; their index is given later."""


def falls_into(check: CheckName) -> Callable[[Pieces], Pieces]:
    """Register the decorated function as the way in which ``check`` is cut up."""

    def register(pieces: Pieces) -> Pieces:
        _pieces[check] = pieces
        return pieces

    return register


_CELLS_PER_SHARD = 10
"""Randomised models in one shard: with three depths each, the original maps are under 5 % of its passes."""


def shards(plan: Plan) -> tuple[Shard, ...]:
    """Independent pieces of ``plan``: a function of the plan alone, never of the number of workers."""
    pieces: list[Shard] = []
    for check in plan.checks:
        if plan.methods_of(check):
            pieces += PIECES[check](plan)
    return tuple(piece.model_copy(update={"index": i}) for i, piece in enumerate(pieces))


@falls_into(CheckName.PARAMETER_RANDOMIZATION)
def _randomization_pieces(plan: Plan) -> Iterator[Shard]:
    check, profile = CheckName.PARAMETER_RANDOMIZATION, plan.profile
    depths = tuple(sorted(set(plan.depths.values())))
    cells = [Cell(arm=arm, seed=seed) for seed in range(profile.seeds) for arm in plan.arms]
    for group in plan.groups:
        for start in range(0, len(cells), _CELLS_PER_SHARD):
            part = tuple(cells[start : start + _CELLS_PER_SHARD])
            cost = len(group) * (2 + len(part) * len(depths))
            yield Shard(index=0, check=check, kind=ShardKind.CELLS, images=group, cells=part, stages=depths, cost=cost)
    shown = tuple(range(min(profile.curve_images, len(plan.selected))))
    drawn = tuple(Cell(arm=Arm.REINIT, seed=seed) for seed in range(profile.curve_seeds))
    cost = len(shown) * (1 + len(drawn) * len(plan.stages))
    yield Shard(index=0, check=check, kind=ShardKind.CURVE, images=shown, cells=drawn, stages=plan.stages, cost=cost)


@falls_into(CheckName.INPUT_SHIFT)
def _shift_pieces(plan: Plan) -> Iterator[Shard]:
    shown = tuple(range(min(plan.profile.shift_images, len(plan.selected))))
    steps = sum(_price(m, plan) for m in plan.methods_of(CheckName.INPUT_SHIFT))
    yield Shard(
        index=0, check=CheckName.INPUT_SHIFT, kind=ShardKind.SHIFT, images=shown, cost=2 * len(shown) * max(steps, 1)
    )


@falls_into(CheckName.CLASS_SENSITIVITY)
def _class_pieces(plan: Plan) -> Iterator[Shard]:
    for group in plan.groups:
        cost = len(group) * (4 + plan.profile.class_draws)
        yield Shard(index=0, check=CheckName.CLASS_SENSITIVITY, kind=ShardKind.CLASSES, images=group, cost=cost)


@falls_into(CheckName.INPUT_MANIPULATION)
def _manipulation_pieces(plan: Plan) -> Iterator[Shard]:
    check = CheckName.INPUT_MANIPULATION
    for images in pieces_of(manipulated(plan)) if attackable(plan, check) else ():
        cost = manipulation_cost(plan, images)
        yield Shard(index=0, check=check, kind=ShardKind.MANIPULATION, images=images, cost=cost)


@falls_into(CheckName.FRAGILITY)
def _fragility_pieces(plan: Plan) -> Iterator[Shard]:
    check = CheckName.FRAGILITY
    for images in pieces_of(range(min(plan.profile.fragility_images, len(plan.selected)))):
        if attackable(plan, check):
            cost = fragility_cost(plan, images)
            yield Shard(index=0, check=check, kind=ShardKind.FRAGILITY, images=images, cost=cost)


def _price(method: PlannedMethod, plan: Plan) -> int:
    return METHODS[method.method].parameters.model_validate(method.parameters).passes(plan.preprocessing.shape)
