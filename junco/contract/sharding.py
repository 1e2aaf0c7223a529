"""From a plan to its shards: a pure function of the plan, never of the number of workers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from junco.contract.attacking import attackable, fragility_cost, manipulated, manipulation_cost, pieces_of
from junco.contract.base import digest_of
from junco.contract.catalogue import Arm, CheckName
from junco.contract.converging import convergence_cost, convergence_images, converging
from junco.contract.costing import faithfulness_cost, parts, repeat_cost, shift_cost
from junco.contract.plan import Cell, Plan, Shard, ShardKind
from junco.contract.tampering import tampering_cost

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


_EDITION = 1
"""To be raised by whoever changes what a shard measures, or how its partial is laid out, without cutting otherwise:
partials of two editions must not meet in one outcome."""


def shards(plan: Plan) -> tuple[Shard, ...]:
    """Independent pieces of ``plan``: a function of the plan alone, never of the number of workers."""
    pieces: list[Shard] = []
    for check in plan.checks:
        if plan.methods_of(check):
            pieces += PIECES[check](plan)
    return tuple(piece.model_copy(update={"index": i}) for i, piece in enumerate(pieces))


def cut_of(pieces: Iterable[Shard]) -> str:
    """Digest of how a plan was cut: equal for the same pieces in the same order, whatever they cost.

    What all leave at its default does not show, so that a version which adds a field may cut as the one before.
    """
    texts = (piece.model_dump_json(exclude={"cost"}, exclude_defaults=True) for piece in pieces)
    return digest_of("\n".join((f"edition {_EDITION}", *texts)).encode())


def total_cost(plan: Plan) -> int:
    """Image passes of all shards."""
    return sum(shard.cost for shard in shards(plan))


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
    drawn = tuple(Cell(arm=plan.arms[0], seed=seed) for seed in range(profile.curve_seeds))
    cost = len(shown) * (1 + len(drawn) * len(plan.stages))
    yield Shard(index=0, check=check, kind=ShardKind.CURVE, images=shown, cells=drawn, stages=plan.stages, cost=cost)
    yield from _policy_pieces(plan)
    if plan.randomization.smooth:
        yield _smooth_piece(plan, depths)


def _policy_pieces(plan: Plan) -> Iterator[Shard]:
    """Some images of one group on a few fully drawn networks, once for each other norm policy."""
    shown, count = plan.groups[0][: plan.profile.policy_images], len(plan.steps)
    cells = tuple(Cell(arm=Arm.REINIT, seed=seed) for seed in range(plan.profile.policy_seeds))
    for policy in plan.norm_alternatives:
        yield Shard(
            index=0,
            check=CheckName.PARAMETER_RANDOMIZATION,
            kind=ShardKind.NORM_POLICIES,
            images=shown,
            cells=cells,
            stages=(count,),
            norm_policy=policy,
            cost=len(shown) * (2 + len(cells)),
        )


def _smooth_piece(plan: Plan, depths: tuple[int, ...]) -> Shard:
    profile = plan.profile
    shown = tuple(range(min(profile.smooth_images, len(plan.selected))))
    cells = tuple(Cell(arm=plan.arms[0], seed=seed) for seed in range(profile.curve_seeds))
    return Shard(
        index=0,
        check=CheckName.PARAMETER_RANDOMIZATION,
        kind=ShardKind.SMOOTH,
        images=shown,
        cells=cells,
        stages=depths,
        cost=profile.smooth_samples * len(shown) * (2 + len(cells) * len(depths)),
    )


@falls_into(CheckName.INPUT_SHIFT)
def _shift_pieces(plan: Plan) -> Iterator[Shard]:
    check, shown = CheckName.INPUT_SHIFT, tuple(range(min(plan.profile.shift_images, len(plan.selected))))
    for shift in plan.shifts:
        cost = shift_cost(plan, shift, len(shown))
        yield Shard(index=0, check=check, kind=ShardKind.SHIFT, images=shown, shift=shift, cost=cost)


@falls_into(CheckName.CLASS_SENSITIVITY)
def _class_pieces(plan: Plan) -> Iterator[Shard]:
    for group in plan.groups:
        cost = len(group) * (4 + plan.profile.class_draws)
        yield Shard(index=0, check=CheckName.CLASS_SENSITIVITY, kind=ShardKind.CLASSES, images=group, cost=cost)
    if converging(plan):
        shown, cost = convergence_images(plan), convergence_cost(plan)
        yield Shard(index=0, check=CheckName.CLASS_SENSITIVITY, kind=ShardKind.CONVERGENCE, images=shown, cost=cost)


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


@falls_into(CheckName.MODEL_MANIPULATION)
def _tampering_pieces(plan: Plan) -> Iterator[Shard]:
    check, cost = CheckName.MODEL_MANIPULATION, tampering_cost(plan)
    for images in parts(plan, plan.profile.tampering_images):
        yield Shard(index=0, check=check, kind=ShardKind.TAMPERING, images=images, cost=len(images) * cost)


@falls_into(CheckName.DATA_RANDOMIZATION)
def _label_pieces(plan: Plan) -> Iterator[Shard]:
    """A shard trains all three networks of its draw: what it compares never leaves it."""
    check, training = CheckName.DATA_RANDOMIZATION, plan.training
    if training is None:
        return
    for seed in range(training.seeds):
        images, drawn = tuple(range(training.held_out)), (Cell(arm=Arm.REINIT, seed=seed),)
        yield Shard(index=0, check=check, kind=ShardKind.LABELS, images=images, cells=drawn, cost=training.cost)


@falls_into(CheckName.REPEATABILITY)
def _repeat_pieces(plan: Plan) -> Iterator[Shard]:
    check, cost = CheckName.REPEATABILITY, repeat_cost(plan)
    for images in parts(plan, plan.profile.repeat_images):
        yield Shard(index=0, check=check, kind=ShardKind.REPEATS, images=images, cost=len(images) * cost)


@falls_into(CheckName.FAITHFULNESS)
def _faithfulness_pieces(plan: Plan) -> Iterator[Shard]:
    check, cost = CheckName.FAITHFULNESS, faithfulness_cost(plan)
    for images in parts(plan, plan.profile.faithfulness_images):
        yield Shard(index=0, check=check, kind=ShardKind.FAITHFULNESS, images=images, cost=len(images) * cost)
