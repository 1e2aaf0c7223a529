"""input_shift from partials to outcomes, on a real job with some of its numbers replaced."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from junco.audit.partial import Partial
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.outcome import Caveat
from junco.contract.plan import ShardKind
from junco.contract.sharding import shards
from tests.audit.pipeline.conftest import file
from tests.truth import digits, product
from tests.truth.product import Job

SHIFT = CheckName.INPUT_SHIFT


def with_shift(job: Job, facts: dict[str, Any], **arrays: Any) -> dict[int, Partial]:
    """The job's partials with the shift shard's facts, or guided_backprop's arrays, replaced."""
    (index,) = [s.index for s in shards(job.plan) if s.kind is ShardKind.SHIFT]
    partial = job.partials[index]
    changed = {("guided_backprop", name): values for name, values in arrays.items()}
    return {**job.partials, index: Partial({**partial.arrays, **changed}, {**partial.facts, **facts})}


def test_methods_are_judged_on_their_own_figures(job: Job) -> None:
    """Median difference and least correlation of the shard's arrays, and the shift that was made: -1 for [0, 1]."""
    outcome = job.outcome(
        partials=with_shift(job, {}, difference=np.array([0.1, 0.3, 0.2, 0.9]), rho=np.array([0.9, 0.8, 0.7, 0.95]))
    )
    found = product.shift(outcome, "guided_backprop")
    assert (found.difference, found.rho, found.images) == (pytest.approx(0.25), pytest.approx(0.7), 4)
    assert found.shift == (-1.0,)
    assert found.dtype == "float64"
    assert product.check(outcome, "guided_backprop", SHIFT).verdict is Verdict.FAIL
    assert Caveat.ENCODING in product.check(outcome, "guided_backprop", SHIFT).caveats
    assert product.check(outcome, "gradient", SHIFT).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "broken", [{"difference": 2e-5, "argmax_equal": True}, {"difference": 0.0, "argmax_equal": False}]
)
def test_the_construction_in_use_must_hold(job: Job, broken: dict[str, Any]) -> None:
    """1e-5 of the largest output, and every prediction: otherwise invalid, never fail."""
    held = {"difference": 0.0, "argmax_equal": True}
    outcome = job.outcome(partials=with_shift(job, {"preconditions": {"prepend": broken, "fold": held}}))
    assert product.preflight(outcome, SHIFT) == {"same_outputs_fold": True, "same_outputs_prepend": False}
    assert product.check(outcome, "gradient", SHIFT).verdict is Verdict.INVALID
    other = job.outcome(partials=with_shift(job, {"preconditions": {"prepend": held, "fold": broken}}))
    assert product.check(other, "gradient", SHIFT).verdict is Verdict.PASS


def test_a_difference_that_is_no_number_does_not_hold(job: Job) -> None:
    """NaN outputs agree with nothing."""
    nan = {"difference": float("nan"), "argmax_equal": True}
    outcome = job.outcome(partials=with_shift(job, {"preconditions": {"prepend": nan}}))
    assert product.check(outcome, "gradient", SHIFT).verdict is Verdict.INVALID


def test_what_cannot_be_folded_is_not_run(job: Job) -> None:
    """A method that the shard has no construction for is left out with its reason; each fold needs its precondition."""
    held, broken = {"difference": 0.0, "argmax_equal": True}, {"difference": 1.0, "argmax_equal": True}
    used = {"gradient": "prepend", "edge_detector": "prepend", "gaussian_noise": "prepend", "constant": "prepend"}
    left = job.outcome(partials=with_shift(job, {"constructions": used}))
    found = product.check(left, "guided_backprop", SHIFT)
    assert found.verdict is Verdict.NOT_RUN
    assert "folded into the first layer" in found.summary
    folded = {"constructions": {**used, "guided_backprop": "fold"}, "preconditions": {"prepend": held, "fold": broken}}
    other = job.outcome(partials=with_shift(job, folded))
    assert product.check(other, "guided_backprop", SHIFT).verdict is Verdict.INVALID
    assert product.check(other, "gradient", SHIFT).verdict is Verdict.PASS


def test_a_plan_without_the_check_has_no_word_on_it(job: Job) -> None:
    """Only what was asked for is answered."""
    only = {"checks": (CheckName.PARAMETER_RANDOMIZATION,)}
    methods = tuple(m.model_copy(update=only) for m in job.plan.methods)
    plan = job.plan.model_copy(update={**only, "methods": methods})
    outcome = replace(job, plan=plan).outcome()
    assert [r.check for r in outcome.checks] == [CheckName.PARAMETER_RANDOMIZATION]
    assert all(c.check is not SHIFT for m in outcome.methods for c in m.checks)


@pytest.mark.parametrize(("asked", "value"), [("range", -4.0), (-0.5, -0.5)])
def test_the_shift_is_in_model_input_space(asked: Any, value: float) -> None:
    """With std .25 the data's range is 4: minus the range is -4; a number is taken as it is."""
    _, test = digits.split()
    found = product.measured(
        file(), test[slice(0, 12)], ["gradient"], profile="quick", checks=["input_shift"], shift=asked,
        preprocessing={"mean": [0.5], "std": [0.25]},
    ).outcome()  # fmt: skip
    assert product.shift(found, "gradient").shift == pytest.approx((value,))
    assert product.check(found, "gradient", SHIFT).verdict is Verdict.PASS


def test_a_handful_of_images_is_no_ground_for_a_verdict() -> None:
    """Below the profile's minimum even this deterministic check neither passes nor fails, and its figures stand."""
    _, test = digits.split()
    methods = ["gradient", "input_x_gradient"]
    found = product.measured(file(), test[slice(0, 4)], methods, profile="quick", checks=["input_shift"]).outcome()
    for label, moved in (("gradient", False), ("input_x_gradient", True)):
        difference = product.shift(found, label).difference
        assert difference is not None
        assert (difference > 0.05) is moved
        assert product.check(found, label, SHIFT).verdict is Verdict.INCONCLUSIVE
        assert Caveat.TOO_FEW_IMAGES in product.check(found, label, SHIFT).caveats
