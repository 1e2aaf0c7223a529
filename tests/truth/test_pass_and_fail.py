"""For every method a model on which it must pass, and one on which it must fail.

The network of textures.py decides what is true: classes are read from different places, or all from one sum. Where they
are read apart, PatternNet keeps 87 % of its map (as published: it converges) and Score-CAM 99 % (a softmax over four
channels leaves each of them a rank): these two pass elsewhere. Attention has no place in a network of convolutions;
tests/audit/explain/methods/test_attention.py tells the class-blind one of its methods from the other.
"""

from collections.abc import Mapping, Sequence

import pytest

from junco.contract.catalogue import CheckName, Method, Rival, Verdict
from junco.contract.outcome import Outcome
from junco.contract.statistics import ClassStatistics
from tests.truth import digits, models, product, textures

CLASSES, SHIFT = CheckName.CLASS_SENSITIVITY, CheckName.INPUT_SHIFT

# Budgets at which methods agree with themselves; the grid's cells are the pictures'.
GRID = {"segments": 16}
SAMPLED: Mapping[Method, Mapping[str, object]] = {
    Method.SMOOTHGRAD: {"samples": 8, "sigma": 0.05},
    Method.VARGRAD: {"samples": 25, "sigma": 0.05},
    Method.INTEGRATED_GRADIENTS_SMOOTHGRAD: {"samples": 8, "steps": 8, "sigma": 0.05},
    Method.GRADIENT_SHAP: {"samples": 16},
    Method.EXPECTED_GRADIENTS: {"samples": 16},
    Method.PREDICTION_DIFFERENCE: {**GRID, "samples": 2},
    Method.RISE: {"side": 4, "samples": 150},
    Method.LIME: {"segments": 9, "samples": 100, "kernel_width": 1.0},
    Method.KERNEL_SHAP: {**GRID, "samples": 60},
    Method.SHAPLEY_SAMPLING: {**GRID, "permutations": 2},
    Method.ANCHORS: {**GRID, "samples": 200},
}
OTHERS: Mapping[Method, Mapping[str, object]] = {
    Method.INTEGRATED_GRADIENTS: {"steps": 8},
    Method.OCCLUSION: {"window": 7, "stride": 7},
    Method.PATTERN_NET: {"fitting_images": 20},
}
OF_ATTENTION = (Method.ATTENTION_ROLLOUT, Method.ATTENTION_RELEVANCE)
PLAIN = [m for m in Method if m not in SAMPLED and m not in OF_ATTENTION]
KEPT = (Method.PATTERN_NET, Method.SCORE_CAM)


def judged(methods: Sequence[Method], *, alike: bool, order: textures.Order = "relu_pool") -> Outcome:
    """Methods on twenty pictures."""
    file = models.as_torchscript(textures.network(alike=alike, order=order), digits.SHAPE, "traced")
    budgets = {**SAMPLED, **OTHERS}
    asked = [{"method": m, "parameters": budgets.get(m, {}), "checks": [CLASSES]} for m in methods]
    if Method.PATTERN_NET in methods:
        asked.append({"method": Method.PATTERN_NET, "parameters": {"fitting_images": 10}, "checks": [SHIFT]})
    return product.measured(file, textures.pictures(20), asked, checks=[CLASSES, SHIFT], profile="quick").outcome()


def words(outcome: Outcome) -> dict[Method, Verdict]:
    """Under class_sensitivity."""
    return {Method(m.method): c.verdict for m in outcome.methods for c in m.checks if c.check is CLASSES}


def decisions(outcome: Outcome) -> dict[Method, set[Verdict]]:
    """What the maps of a random class and of the least likely one say by themselves.

    Where the gradient fails too, as it must here, the job distrusts itself and takes back its words.
    """
    found: dict[Method, set[Verdict]] = {}
    for method in outcome.methods:
        for check in method.checks:
            if isinstance(check.statistics, ClassStatistics):
                rivals = {r.rival: r.decision for r in check.statistics.rivals}
                found[Method(method.method)] = {rivals[Rival.RANDOM], rivals[Rival.LEAST]}
    return found


@pytest.fixture(scope="module")
def apart() -> Outcome:
    """Methods without sampling, classes read from different places."""
    return judged(PLAIN, alike=False)


def test_methods_pass_where_classes_are_read_apart(apart: Outcome) -> None:
    """Each of them but those that are known to keep their map."""
    expected = {m: Verdict.FAIL if m in KEPT else Verdict.PASS for m in PLAIN}
    assert words(apart) == expected


def test_pattern_net_passes_an_input_shift(apart: Outcome) -> None:
    """As published: its patterns come from central moments."""
    found = next(m for m in apart.methods if "fitting_images" in m.label and "10" in m.label)
    assert [c.verdict for c in found.checks] == [Verdict.PASS]


def test_score_cam_passes_where_channels_may_be_negative() -> None:
    """Read before the ReLU a channel is far below zero where its texture is not, and the sum is cut there."""
    assert words(judged([Method.SCORE_CAM], alike=False, order="pool_relu")) == {Method.SCORE_CAM: Verdict.PASS}


def test_methods_fail_where_all_classes_are_read_from_one_sum() -> None:
    """Every one, the gradient included."""
    assert decisions(judged(PLAIN, alike=True)) == {m: {Verdict.FAIL} for m in PLAIN}


@pytest.mark.slow
def test_sampled_methods_pass_where_classes_are_read_apart() -> None:
    """Each of them."""
    found = words(judged(list(SAMPLED), alike=False))
    assert found == dict.fromkeys(SAMPLED, Verdict.PASS)


@pytest.mark.slow
def test_sampled_methods_fail_where_all_classes_are_read_from_one_sum() -> None:
    """Each of them."""
    assert decisions(judged(list(SAMPLED), alike=True)) == {m: {Verdict.FAIL} for m in SAMPLED}
