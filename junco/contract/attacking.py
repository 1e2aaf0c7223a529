"""What checks that attack maps cost, and what they attack: functions of the plan alone."""

import math
from collections.abc import Iterator, Sequence

from junco.contract.base import Frozen
from junco.contract.catalogue import RECIPES, Aim, CheckName, Defence, Method
from junco.contract.plan import Plan, PlannedMethod
from junco.contract.profile import Profile

SAMPLES = 10
"""Noisy copies in a map that is smoothed by noise before it is attacked."""

_AT_ONCE = 8
"""Images in one shard: attacks are long, and second derivatives take memory."""

_SPAN = 1 / 0.226
"""Range of a pixel in the normalised values that published step sizes are in."""

_STEP = 3
"""Passes for a map and its derivative, over those for the map."""


class Budget(Frozen):
    """Steps of an attack, and the size of each as a share of a pixel's range."""

    steps: int
    rate: float


def attackable(plan: Plan, check: CheckName) -> tuple[PlannedMethod, ...]:
    """Methods of ``check`` that were asked for and whose maps can be followed; controls have no known fate here."""
    return tuple(m for m in plan.methods_of(check) if m.requested and m.method in RECIPES)


def manipulated(plan: Plan) -> Sequence[int]:
    """Images that are attacked; none where there is no other image whose map could be the target."""
    count = len(plan.selected)
    return range(min(plan.profile.manipulation_images, count)) if count > 1 else ()


def pieces_of(images: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """``images`` in parts that fit in one shard."""
    for start in range(0, len(images), _AT_ONCE):
        yield tuple(images[start : start + _AT_ONCE])


def budget(method: PlannedMethod, profile: Profile, defence: Defence | None = None) -> Budget:
    """Steps by the profile's share of the published ones, each longer by as much, so that as far a way is open."""
    recipe = RECIPES[Method(method.method)]
    if defence is None:
        published, rate = recipe.iterations, recipe.rate
    else:
        published, rate = recipe.defended_iterations, recipe.defended_rate
    steps = math.ceil(published * profile.manipulation_budget)
    return Budget(steps=steps, rate=rate / _SPAN * published / steps)


def defences(method: PlannedMethod) -> tuple[Defence, ...]:
    """Ways to smooth the map that are attacked too: not what the method does by itself, nor what takes too long."""
    smooth = method.parameters.get("beta") is not None
    dear = method.method is Method.SMOOTHGRAD or _passes(method) > 1
    return (Defence.BETA,) * (not smooth) + (Defence.SMOOTHGRAD,) * (not dear)


def defended(plan: Plan, images: Sequence[int]) -> tuple[int, ...]:
    """Those of ``images`` on which smoothed maps are attacked."""
    return tuple(i for i in images if i < plan.profile.defended_images)


def manipulation_cost(plan: Plan, images: Sequence[int]) -> int:
    """Image passes of input_manipulation on ``images``."""
    return sum(
        len(images) * attack_cost(m, budget(m, plan.profile))
        + len(defended(plan, images)) * sum(attack_cost(m, budget(m, plan.profile, d), d) for d in defences(m))
        for m in attackable(plan, CheckName.INPUT_MANIPULATION)
    )


def attack_cost(method: PlannedMethod, spent: Budget, defence: Defence | None = None) -> int:
    """Image passes of one attack on one image: at each step the map and its derivative, and the output's."""
    copies = SAMPLES if defence is Defence.SMOOTHGRAD else 1
    return spent.steps * (_STEP * copies * _passes(method) + 1)


def rows_at_once(method: PlannedMethod) -> int:
    """Images whose maps are followed together: the graphs of all passes of a map are held at once."""
    return max(1, _AT_ONCE // _passes(method))


def fragility_cost(plan: Plan, images: Sequence[int]) -> int:
    """Image passes of fragility on ``images``: a step of each attack looks at the map and follows it, noise looks."""
    methods = attackable(plan, CheckName.FRAGILITY)
    return len(images) * sum(look_cost(m, plan.profile) + len(Aim) * aim_cost(m, plan.profile) for m in methods)


def look_cost(method: PlannedMethod, profile: Profile) -> int:
    """Image passes of all draws of noise for one image."""
    return profile.fragility_steps * _passes(method)


def aim_cost(method: PlannedMethod, profile: Profile) -> int:
    """Image passes of one attack of fragility on one image."""
    return profile.fragility_steps * (_STEP + 1) * _passes(method)


def _passes(method: PlannedMethod) -> int:
    # Among methods that can be followed, none has a price that depends on the image's shape.
    return method.chosen.passes((1, 1, 1))
