"""How often the rule of parameter_randomization errs (docs/verdicts.md, section 2), and how often it speaks."""

import numpy as np
import pytest

from junco.audit.verdict import Judgement, MethodNumbers, Numbers, judge
from junco.contract.catalogue import Arm, Depth, Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()
N, S = 50, 5
PLACES = tuple((arm, depth) for arm in Arm for depth in Depth)


def draw(seed: int, effect: float) -> MethodNumbers:
    """A method of known variance: image .12, seed .03, residual .10, the images shared."""
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.12, (N, 1))
    depths = {}
    for place in PLACES:
        y = effect + images + rng.normal(0, 0.03, (1, S)) + rng.normal(0, 0.1, (N, S))
        depths[place] = Numbers(rho=y, floor=np.zeros((N, S)), degenerate=np.zeros((N, S)))
    return MethodNumbers(label="m", ceiling=np.ones(N), depths=depths)


def rates(effect: float, draws: int) -> tuple[dict[Verdict, float], dict[Verdict, float]]:
    """How often each word falls on a method, and on one of its deciding depths in one arm."""
    judged: list[Judgement] = [judge([draw(seed, effect)], T)[0] for seed in range(draws)]
    one = [j.depths[Arm.REINIT, Depth.TOP].decision for j in judged]
    return (
        {v: sum(j.verdict is v for j in judged) / draws for v in Verdict},
        {v: sum(d is v for d in one) / draws for v in Verdict},
    )


@pytest.mark.parametrize(("effect", "false_word"), [(0.25, Verdict.PASS), (0.5, Verdict.FAIL)])
def test_false_verdicts_are_rare_at_the_thresholds_themselves(effect: float, false_word: Verdict) -> None:
    """At most 6 % over 2000 repetitions, for a method and for each single depth.

    The single depth's rate must also reach 3 %: a rule that never speaks would keep any promise.
    """
    method_rate, depth_rate = rates(effect, 2000)
    assert method_rate[false_word] <= 0.06
    assert 0.03 <= depth_rate[false_word] <= 0.06


@pytest.mark.parametrize(("effect", "expected"), [(0.15, Verdict.PASS), (0.6, Verdict.FAIL)])
def test_the_rule_has_power_a_tenth_away_from_its_thresholds(effect: float, expected: Verdict) -> None:
    """At N=50, S=5 the half-width of the interval is .047: .1 away is decided almost always."""
    method_rate, _ = rates(effect, 100)
    assert method_rate[expected] >= 0.9
