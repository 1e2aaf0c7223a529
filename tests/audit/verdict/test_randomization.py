"""The rule of parameter_randomization, case by case (docs/verdicts.md, section 2)."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from junco.audit.verdict import MethodNumbers, Numbers, judge, kappa
from junco.contract.catalogue import Arm, Depth, Verdict
from junco.contract.thresholds import Thresholds

Table = NDArray[np.float64]
Place = tuple[Arm, Depth]
T = Thresholds()
N, S = 50, 5
PLACES: tuple[Place, ...] = tuple((arm, depth) for arm in Arm for depth in Depth)


def table(mean: float, seed: int, *, noise: float = 0.05, shape: tuple[int, int] = (N, S)) -> Table:
    """Values about ``mean``, with exactly that mean."""
    y = np.random.default_rng(seed).normal(0, noise, shape)
    return np.asarray(y - y.mean() + mean)


def numbers(effect: float, seed: int = 0, *, floor: float = 0.2, noise: float = 0.05) -> Numbers:
    """One depth with mean kappa ``effect`` under a ceiling of 1."""
    room = 1 - floor
    rho = floor + room * table(effect, seed, noise=noise)
    return Numbers(rho=rho, floor=np.full((N, S), floor), degenerate=np.zeros((N, S)))


def method(
    effects: Mapping[Place, float] | float,
    *,
    label: str = "m",
    noise: float = 0.05,
    ceiling: Table | None = None,
    replaced: Mapping[Place, Numbers] | None = None,
) -> MethodNumbers:
    """A method by its kappa at every place; the logit layer keeps everything unless told otherwise."""
    given = effects if isinstance(effects, Mapping) else {p: effects for p in PLACES if p[1] is not Depth.LOGIT}
    depths = {p: numbers(given.get(p, 1.0), i, noise=noise) for i, p in enumerate(PLACES)}
    return MethodNumbers(
        label=label, ceiling=np.ones(N) if ceiling is None else ceiling, depths={**depths, **(replaced or {})}
    )


def word(*methods: MethodNumbers) -> Verdict:
    """The word on the first of ``methods``, judged together."""
    return judge(methods, T)[0].verdict


def at(arm: Arm, depth: Depth, other: float, **values: float) -> dict[Place, float]:
    """``other`` everywhere, and ``values['value']`` at one place."""
    return {p: values["value"] if p == (arm, depth) else other for p in PLACES}


def test_kappa_by_hand() -> None:
    """(rho - F) / (R - F) cell by cell; undefined where R - F < .2 or anything is missing."""
    rho = np.array([[0.6, 0.2], [0.9, 0.5], [0.5, np.nan]])
    floor = np.array([[0.2, 0.2], [0.81, 0.3], [0.1, np.nan]])
    ceiling = np.array([1.0, 1.0, np.nan])
    found = kappa(rho, floor, ceiling, support=0.2)
    assert found[0] == pytest.approx([0.5, 0.0])
    assert math.isnan(found[1, 0])  # 1 - .81 < .2
    assert found[1, 1] == pytest.approx(0.2 / 0.7)
    assert np.isnan(found[2]).all()


def test_kappa_is_one_at_the_ceiling_whatever_the_ceiling() -> None:
    """A method that agrees with itself at .8 and with its randomised self at .8 has changed nothing."""
    found = kappa(np.full((4, 3), 0.8), np.full((4, 3), 0.1), np.full(4, 0.8), support=0.2)
    assert found == pytest.approx(np.ones((4, 3)))


@pytest.mark.parametrize(
    ("effect", "expected"), [(0.0, Verdict.PASS), (0.37, Verdict.INCONCLUSIVE), (0.8, Verdict.FAIL)]
)
def test_the_three_plain_cases(effect: float, expected: Verdict) -> None:
    """Lost: pass; half lost: neither; kept: fail."""
    assert word(method(effect)) is expected


def test_the_logit_layer_never_decides() -> None:
    """Kappa 1 at the logit layer changes no pass; kappa 0 there changes no fail."""
    assert word(method(at(Arm.REINIT, Depth.LOGIT, 0.0, value=1.0))) is Verdict.PASS
    assert word(method({p: 0.0 if p[1] is Depth.LOGIT else 0.8 for p in PLACES})) is Verdict.FAIL


@pytest.mark.parametrize("depth", [Depth.TOP, Depth.FULL])
def test_one_depth_suffices_to_fail_if_both_arms_agree(depth: Depth) -> None:
    """FAIL if FAIL_top or FAIL_full in both arms."""
    assert word(method({p: 0.8 if p[1] is depth else 0.0 for p in PLACES})) is Verdict.FAIL


@pytest.mark.parametrize("depth", [Depth.TOP, Depth.FULL])
@pytest.mark.parametrize("arm", list(Arm))
def test_one_arm_alone_convicts_nobody_and_spoils_the_pass(arm: Arm, depth: Depth) -> None:
    """Disagreement between the arms is inconclusive, however strong one arm is."""
    assert word(method(at(arm, depth, 0.0, value=1.0), noise=0.01)) is Verdict.INCONCLUSIVE


def test_different_depths_in_different_arms_do_not_add_up_to_a_fail() -> None:
    """top fails in one arm and full in the other: no depth fails in both."""
    effects = dict.fromkeys(PLACES, 0.0) | {(Arm.REINIT, Depth.TOP): 0.9, (Arm.PERMUTE, Depth.FULL): 0.9}
    assert word(method(effects)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("depth", [Depth.TOP, Depth.FULL])
@pytest.mark.parametrize("arm", list(Arm))
def test_a_pass_needs_every_arm_and_depth(arm: Arm, depth: Depth) -> None:
    """One place in doubt is a method in doubt."""
    assert word(method(at(arm, depth, 0.0, value=0.3))) is Verdict.INCONCLUSIVE


def test_absence_of_evidence_never_passes() -> None:
    """Mean kappa 0 with a variance that excludes nothing is inconclusive."""
    assert word(method(0.0, noise=6.0)) is Verdict.INCONCLUSIVE


def near_fail(p: float) -> MethodNumbers:
    """A method whose p of failing is about ``p`` at top in both arms, and that is clean at full."""
    low, high = 0.5, 0.6
    for _ in range(60):
        middle = (low + high) / 2
        judged = judge([_top(middle)], T)[0]
        low, high = (middle, high) if judged.depths[Arm.REINIT, Depth.TOP].p_fail > p else (low, middle)
    return _top(high)


def _top(effect: float) -> MethodNumbers:
    one = numbers(effect, 1)
    places: dict[Place, Numbers] = {(arm, Depth.TOP): one for arm in Arm}
    return method(0.0, replaced=places)


def test_holm_protects_against_false_accusations() -> None:
    """p = .03 beside one's own clean depth is .06 after Holm: no fail. p = .02 is .04: fail."""
    assert word(near_fail(0.03)) is Verdict.INCONCLUSIVE
    assert word(near_fail(0.02)) is Verdict.FAIL


def test_holm_counts_the_other_methods_claims() -> None:
    """p = .02 fails alone, and no longer beside nine innocent methods: 20 claims."""
    accused = near_fail(0.02)
    innocent = [method(0.0, label=f"m{i}") for i in range(9)]
    assert word(accused) is Verdict.FAIL
    judged = judge([accused, *innocent], T)
    assert judged[0].verdict is Verdict.INCONCLUSIVE
    assert judged[0].depths[Arm.REINIT, Depth.TOP].p_fail_holm == pytest.approx(20 * 0.02, rel=0.01)
    assert all(j.verdict is Verdict.PASS for j in judged[1:])


def test_both_arms_cost_no_correction() -> None:
    """Intersection-union: the claim's p is the weaker arm's, once per depth, not per arm."""
    judged = judge([near_fail(0.02)], T)[0]
    assert judged.depths[Arm.REINIT, Depth.TOP].p_fail_holm == pytest.approx(0.04, rel=0.01)
    assert judged.depths[Arm.PERMUTE, Depth.TOP].p_fail_holm == pytest.approx(0.04, rel=0.01)


def test_order_of_the_methods_does_not_matter() -> None:
    """Each method keeps its own corrected p values, wherever it stands in the list."""
    methods = [method(0.8, label="bad"), method(0.0, label="good"), near_fail(0.01)]
    forward = {j.label: j for j in judge(methods, T)}
    backward = {j.label: j for j in judge(methods[::-1], T)}
    assert forward == backward
    assert {label: j.verdict for label, j in forward.items()} == {
        "bad": Verdict.FAIL, "good": Verdict.PASS, "m": Verdict.FAIL,
    }  # fmt: skip


def prior(rho: float = 1.0, floor: float = 1.0) -> Numbers:
    """O9b: kappa undefined because another image's map is as alike as one's own."""
    return Numbers(rho=np.full((N, S), rho), floor=np.full((N, S), floor), degenerate=np.zeros((N, S)))


def everywhere(depth: Numbers, **others: Table) -> MethodNumbers:
    """The same numbers at every place."""
    return MethodNumbers(label="m", ceiling=others.get("ceiling", np.ones(N)), depths=dict.fromkeys(PLACES, depth))


def test_identity_overrides_an_undefined_kappa() -> None:
    """O9b: R = F = rho = 1 fails, though kappa has no value anywhere."""
    judged = judge([everywhere(prior())], T)[0]
    assert judged.verdict is Verdict.FAIL
    assert judged.depths[Arm.REINIT, Depth.FULL].kappa is None
    assert judged.depths[Arm.REINIT, Depth.FULL].undefined == 1.0


@pytest.mark.parametrize(("rho", "expected"), [(0.981, Verdict.FAIL), (0.979, Verdict.INCONCLUSIVE)])
def test_identity_has_a_margin_of_two_percent(rho: float, expected: Verdict) -> None:
    """mean(rho - R) > -.02 is an unchanged map; below it, F close to R leaves nothing to decide."""
    assert word(everywhere(prior(rho=rho, floor=0.95))) is expected


def test_identity_uses_the_lower_bound_and_not_the_mean() -> None:
    """A mean of -.01 with a wide interval is no proof that nothing changed."""
    loose = Numbers(rho=table(0.99, 0, noise=0.3), floor=np.full((N, S), 0.95), degenerate=np.zeros((N, S)))
    assert word(everywhere(loose)) is Verdict.INCONCLUSIVE


def test_identity_in_one_arm_alone_does_not_fail() -> None:
    """The override too needs both arms."""
    places: dict[Place, Numbers] = {(Arm.REINIT, Depth.TOP): prior(), (Arm.REINIT, Depth.FULL): prior()}
    assert word(method(0.0, replaced=places)) is Verdict.INCONCLUSIVE


def test_a_floor_close_to_the_ceiling_is_inconclusive() -> None:
    """All images' maps alike and yet changed: kappa undefined, cause F: no verdict."""
    judged = judge([everywhere(prior(rho=0.5, floor=0.9))], T)[0]
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "too alike" in judged.reason


def test_a_fifth_of_undefined_cells_is_still_judged_and_more_is_not() -> None:
    """Undefined in 20 % of cells: judged on the rest; in 24 %: inconclusive."""

    def with_gaps(images: int) -> MethodNumbers:
        floor = np.full((N, S), 0.2)
        floor[:images] = 0.95
        depth = Numbers(rho=np.full((N, S), 0.2), floor=floor, degenerate=np.zeros((N, S)))
        return everywhere(depth)

    assert word(with_gaps(10)) is Verdict.PASS
    assert word(with_gaps(12)) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("ceiling", "expected"), [(0.49, Verdict.INVALID), (0.51, Verdict.PASS)])
def test_a_method_that_does_not_reproduce_itself_is_invalid(ceiling: float, expected: Verdict) -> None:
    """O8: R < .5 catches random maps, which would otherwise pass best of all."""
    rho = np.full((N, S), 0.03)
    depth = Numbers(rho=rho, floor=rho, degenerate=np.zeros((N, S)))
    assert word(everywhere(depth, ceiling=np.full(N, ceiling))) is expected


def test_an_irreproducible_map_is_never_an_unchanged_one() -> None:
    """Noise: rho - R is 0 on average, and still the word is invalid and no depth fails."""
    low = np.full((N, S), 0.03)
    judged = judge([everywhere(Numbers(low, low, np.zeros((N, S))), ceiling=np.full(N, 0.03))], T)[0]
    assert judged.verdict is Verdict.INVALID
    assert all(d.decision is not Verdict.FAIL for d in judged.depths.values())


def test_a_constant_map_is_invalid() -> None:
    """O9: no ranks anywhere: no error, no 0, no 1."""
    nan = np.full((N, S), np.nan)
    judged = judge([everywhere(Numbers(nan, nan, np.ones((N, S))), ceiling=np.full(N, np.nan))], T)[0]
    assert judged.verdict is Verdict.INVALID
    assert math.isnan(judged.ceiling)
    assert judged.depths[Arm.REINIT, Depth.TOP].kappa is None


@pytest.mark.parametrize("place", [p for p in PLACES if p[1] is not Depth.LOGIT])
def test_degenerate_maps_invalidate_at_the_deciding_depths(place: Place) -> None:
    """More than 20 % constant or non-finite maps at one deciding depth of one arm."""
    assert word(method(0.0, replaced={place: degenerate(11)})) is Verdict.INVALID
    assert word(method(0.0, replaced={place: degenerate(10)})) is Verdict.PASS


def test_degenerate_maps_at_the_logit_layer_do_not_matter() -> None:
    """18-58 % degenerate Grad-CAM maps at the logit layer are reported and decide nothing."""
    place: Place = (Arm.REINIT, Depth.LOGIT)
    judged = judge([method(0.0, replaced={place: degenerate(30)})], T)[0]
    assert judged.verdict is Verdict.PASS
    assert judged.depths[place].decision is Verdict.INVALID


def degenerate(images: int) -> Numbers:
    """Lost maps, without ranks on the first ``images``."""
    found = numbers(0.0)
    for values in (found.rho, found.floor):
        values[:images] = np.nan
    share = np.zeros((N, S))
    share[:images] = 1
    return Numbers(found.rho, found.floor, share)


def test_an_invalid_method_takes_its_claims_with_it_into_the_correction() -> None:
    """M_F counts all methods that are judged: a constant map among them moves no other method's word."""
    nan = np.full((N, S), np.nan)
    broken = everywhere(Numbers(nan, nan, np.ones((N, S))), ceiling=np.full(N, np.nan))
    judged = judge([method(0.8), broken, method(0.0, label="good")], T)
    assert [j.verdict for j in judged] == [Verdict.FAIL, Verdict.INVALID, Verdict.PASS]


def test_thresholds_are_configuration() -> None:
    """tau, alpha and the identity margin come from the profile."""
    assert judge([method(0.6)], Thresholds())[0].verdict is Verdict.FAIL
    assert judge([method(0.6)], Thresholds(tau_fail=0.7))[0].verdict is Verdict.INCONCLUSIVE
    assert judge([method(0.6)], Thresholds(tau_fail=0.9, tau_pass=0.7))[0].verdict is Verdict.PASS


def test_the_reason_names_the_number() -> None:
    """A sentence's end, with the weaker arm's kappa for a fail and the worst for a pass."""
    fail, good = judge([method(0.8, label="bad"), method(0.1, label="good")], T)
    assert "kappa 0.80" in fail.reason
    assert "at most 0.10" in good.reason
