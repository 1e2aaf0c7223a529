"""repeatability and faithfulness from bytes to words, on a small job; and that they stand beside a method's word."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from junco.audit.images import load
from junco.audit.partial import Partial
from junco.audit.pipeline.draw import draw
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.outcome import Caveat, Outcome
from junco.contract.plan import ShardKind
from junco.contract.sharding import shards
from junco.contract.statistics import FaithfulnessStatistics, RepeatabilityStatistics
from tests.audit.pipeline.conftest import file
from tests.truth import digits, product
from tests.truth.product import Job

REPEATS, FAITH = CheckName.REPEATABILITY, CheckName.FAITHFULNESS


@pytest.fixture(scope="module")
def context() -> Job:
    """Twelve digits, the gradient and a SmoothGrad of two samples."""
    _, test = digits.split()
    methods = ["gradient", {"method": "smoothgrad", "parameters": {"samples": 2}}]
    checks = ["repeatability", "faithfulness"]
    return product.measured(file(), test[slice(0, 12)], methods, profile="quick", checks=checks)


def changed(job: Job, kind: ShardKind, change: dict[tuple[str, ...], Any], **facts: Any) -> dict[int, Partial]:
    """The job's partials with some arrays and facts of one kind of shard replaced."""
    (index,) = [s.index for s in shards(job.plan) if s.kind is kind]
    partial = job.partials[index]
    return {**job.partials, index: Partial({**partial.arrays, **change}, {**partial.facts, **facts})}


def repeats(outcome: Outcome, label: str) -> RepeatabilityStatistics:
    """What repeatability measured of one method."""
    found = product.check(outcome, label, REPEATS).statistics
    assert isinstance(found, RepeatabilityStatistics)
    return found


def faith(outcome: Outcome, label: str) -> FaithfulnessStatistics:
    """What faithfulness measured of one method."""
    found = product.check(outcome, label, FAITH).statistics
    assert isinstance(found, FaithfulnessStatistics)
    return found


def test_controls_and_methods_have_the_words_that_they_must(context: Job) -> None:
    """The gradient repeats itself; noise does not, and has no faithful order; a constant map is invalid."""
    outcome = context.outcome()
    every = ("gradient", "gaussian_noise", "constant")
    words = {label: product.check(outcome, label, REPEATS).verdict for label in every}
    assert words == {"gradient": Verdict.PASS, "gaussian_noise": Verdict.FAIL, "constant": Verdict.INVALID}
    assert repeats(outcome, "gradient").ceiling.mean == pytest.approx(1, abs=1e-6)
    noisy = repeats(outcome, "smoothgrad(samples=2)")
    assert noisy.ceiling.mean is not None
    assert noisy.ceiling.mean < 0.999
    assert noisy.order.mean == pytest.approx(1, abs=1e-3)
    assert product.check(outcome, "constant", FAITH).verdict is Verdict.INVALID
    assert product.check(outcome, "gaussian_noise", FAITH).verdict is not Verdict.PASS
    assert [fill.over_edges.mean for fill in faith(outcome, "edge_detector").fills] == [0, 0]


def test_an_order_that_wins_everywhere_passes_and_one_that_loses_fails(context: Job) -> None:
    """On curves put in the place of the gradient's; every fill leaves room."""
    steps = context.plan.profile.faithfulness_steps
    low, high = np.full((10, steps + 1), 0.05), np.full((10, steps + 1), 0.95)
    low[:, 0] = high[:, -1] = 1.0
    low[:, -1] = high[:, 0] = 0.0
    low[:, 1] += np.linspace(0, 0.01, 10)
    for better, word in ((True, Verdict.PASS), (False, Verdict.FAIL)):
        names = {"deletion": low if better else high[:, ::-1], "insertion": high if better else low[:, ::-1]}
        curves = {("gradient", fill, name): values for fill in ("mean", "blur") for name, values in names.items()}
        outcome = context.outcome(partials=changed(context, ShardKind.FAITHFULNESS, curves))
        found = product.check(outcome, "gradient", FAITH)
        assert found.verdict is word, found.summary
        assert Caveat.PERTURBATION_CHOICE in found.caveats


def test_a_control_that_passes_withdraws_acquittals(context: Job) -> None:
    """Noise that repeats itself: no other map is believed to."""
    (index,) = [s.index for s in shards(context.plan) if s.kind is ShardKind.REPEATS]
    own = context.partials[index].arrays
    same = {key: np.ones(10) for key in own if key[0] == "gaussian_noise" and key[-1] == "rho"}
    outcome = context.outcome(partials=changed(context, ShardKind.REPEATS, same))
    found = product.check(outcome, "gradient", REPEATS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert Caveat.CONTROL_DISAGREES in found.caveats
    assert "gaussian_noise should be fail or inconclusive and is pass" in found.summary


@pytest.mark.parametrize(("kind", "check"), [(ShardKind.REPEATS, REPEATS), (ShardKind.FAITHFULNESS, FAITH)])
def test_a_model_that_is_not_reproduced_has_no_word(context: Job, kind: ShardKind, check: CheckName) -> None:
    """Parity is the condition of both."""
    broken = [{"max_relative": 0.1, "within": False}]
    outcome = context.outcome(partials=changed(context, kind, {}, parity=broken))
    assert product.preflight(outcome, check) == {"parity": False}
    assert product.check(outcome, "gradient", check).verdict is Verdict.INVALID


def test_context_has_no_part_in_a_word_unless_alone(context: Job) -> None:
    """A gradient that is called unfaithful still passes beside input_shift, and fails where nothing else was asked."""
    _, test = digits.split()
    steps = context.plan.profile.faithfulness_steps
    bad = {
        ("gradient", fill, name): np.tile(np.r_[first, np.full(steps - 1, level), last], (10, 1))
        for fill in ("mean", "blur")
        for name, first, level, last in (("deletion", 1.0, 0.95, 0.0), ("insertion", 0.0, 0.05, 1.0))
    }
    alone = context.outcome(partials=changed(context, ShardKind.FAITHFULNESS, bad))
    assert product.method(alone, "gradient").verdict is Verdict.FAIL
    shift = product.measured(file(), test[slice(0, 12)], ["gradient"], profile="quick", checks=["input_shift"])
    every = (CheckName.INPUT_SHIFT, FAITH)
    methods = tuple(m.model_copy(update={"checks": every}) for m in shift.plan.methods)
    plan = shift.plan.model_copy(update={"checks": every, "methods": methods})
    pieces = {s.kind: s.index for s in shards(plan)}
    (own,) = [s.index for s in shards(context.plan) if s.kind is ShardKind.FAITHFULNESS]
    spoiled = changed(context, ShardKind.FAITHFULNESS, bad)[own]
    partials = {pieces[ShardKind.SHIFT]: shift.partials[0], pieces[ShardKind.FAITHFULNESS]: spoiled}
    both = replace(shift, plan=plan, partials=partials).outcome()
    assert product.check(both, "gradient", FAITH).verdict is Verdict.FAIL
    assert product.method(both, "gradient").verdict is Verdict.PASS


def test_pictures_are_drawn_for_both(context: Job) -> None:
    """A strip of maps asked for twice, and curves for each fill and direction, with words under them."""
    shots = load(context.files, context.plan.preprocessing, selected=context.plan.selected)
    _, found = draw(context.outcome(), context.partials, shots.shown[:2])
    captions = {a.name: a.caption for a in found if a.name.startswith("checks/")}
    assert set(captions) == {
        "checks/repeatability/strip.png",
        *(f"checks/faithfulness/{name}-{fill}.png" for name in ("deletion", "insertion") for fill in ("mean", "blur")),
    }
    assert "10 images" in captions["checks/faithfulness/deletion-mean.png"]
    assert all(a.data.startswith(b"\x89PNG") for a in found if a.name in captions)


@pytest.mark.parametrize(("check", "kind"), [(REPEATS, ShardKind.REPEATS), (FAITH, ShardKind.FAITHFULNESS)])
def test_copies_of_one_image_are_no_sample(context: Job, check: CheckName, kind: ShardKind) -> None:
    """Ten images to which the model answers alike are one: every word is withdrawn."""
    (answers,) = [
        p.arrays["logits", "original"] for i, p in context.partials.items() if shards(context.plan)[i].kind is kind
    ]
    assert len(np.unique(answers, axis=0)) == 10
    copies = changed(context, kind, {("logits", "original"): answers[:1].repeat(10, axis=0)})
    outcome = context.outcome(partials=copies)
    assert product.preflight(outcome, check)["images_differ"] is False
    assert {product.check(outcome, m.label, check).verdict for m in outcome.methods} == {Verdict.INVALID}
    assert "images_differ" not in product.preflight(context.outcome(), check)
