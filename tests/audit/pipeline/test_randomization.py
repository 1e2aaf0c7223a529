"""From partials to verdicts: what distrust does, on a real job with some of its numbers replaced."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from junco.audit.partial import Key, Partial
from junco.audit.pipeline.merge import of_kind
from junco.audit.verdict import DECIDING
from junco.contract.catalogue import CheckName, Depth, Verdict
from junco.contract.model import CoverageReport
from junco.contract.outcome import Caveat, Outcome
from junco.contract.plan import ShardKind
from junco.contract.randomization import Order
from tests.audit.pipeline.conftest import file
from tests.truth import digits, product
from tests.truth.product import Job

MPRT = CheckName.PARAMETER_RANDOMIZATION
P, F, Q, X = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID
Edit = Callable[[Key, Any], Any]


def edited(job: Job, edit: Edit) -> dict[int, Partial]:
    """The job's partials with every array passed through ``edit``."""
    return {i: replace(p, arrays={k: edit(k, value) for k, value in p.arrays.items()}) for i, p in job.partials.items()}


def with_facts(job: Job, facts: Mapping[str, object]) -> dict[int, Partial]:
    """The job's partials with some facts replaced where they stand."""
    return {
        i: replace(p, facts={name: facts.get(name, fact) for name, fact in p.facts.items()})
        for i, p in job.partials.items()
    }


def words(outcome: Outcome) -> dict[str, Verdict]:
    """Each method's word under parameter_randomization."""
    return {m.label: c.verdict for m in (*outcome.methods, *outcome.controls) for c in m.checks if c.check is MPRT}


def kept(*labels: str) -> Edit:
    """Methods whose maps did not change: rho 1 over a floor of .1."""

    def edit(key: Key, value: Any) -> Any:
        if key[0] in labels and key[-1] in ("rho", "floor"):
            return np.full_like(value, 1.0 if key[-1] == "rho" else 0.1)
        return value

    return edit


def lost(*labels: str, ceiling: float = 1.0) -> Edit:
    """Methods whose maps are lost and that agree with themselves."""
    values = {"rho": 0.1, "floor": 0.1, "degenerate": 0.0, "ceiling": ceiling}

    def edit(key: Key, value: Any) -> Any:
        if key[0] in labels and key[-1] in values:
            return np.full_like(value, values[key[-1]])
        return value

    return edit


def test_the_job_as_it_is(job: Job) -> None:
    """Every preflight holds and the controls are judged as expected, so verdicts stand."""
    outcome = job.outcome()
    assert all(product.preflight(outcome).values())
    found = words(outcome)
    assert (found["gradient"], found["edge_detector"]) == (P, F)
    assert (found["gaussian_noise"], found["constant"]) == (X, X)
    assert Caveat.CONTROL_DISAGREES not in product.check(outcome, "gradient").caveats


def test_a_fail_needs_a_passing_gradient(job: Job) -> None:
    """If the plain gradient does not pass on this model, no accusation stands; passes do."""
    accusing = job.outcome(partials=edited(job, kept("guided_backprop")))
    assert words(accusing)["guided_backprop"] is F
    both = job.outcome(partials=edited(job, kept("guided_backprop", "gradient")))
    found = words(both)
    assert (found["guided_backprop"], found["gradient"], found["edge_detector"]) == (Q, Q, Q)
    assert found["grad_cam"] is words(accusing)["grad_cam"]
    assert Caveat.CONTROL_DISAGREES in product.check(both, "guided_backprop").caveats
    assert "no accusation stands" in product.check(both, "guided_backprop").summary


def left(kappa: float, noise: float, seed: int = 0) -> Edit:
    """A gradient that keeps ``kappa`` of its map over a floor of zero, give or take ``noise`` from image to image."""
    generator = np.random.default_rng(seed)

    def edit(key: Key, value: Any) -> Any:
        value = kept("guided_backprop")(key, value)
        if key[0] != "gradient" or key[-1] not in ("rho", "floor"):
            return value
        return np.zeros_like(value) if key[-1] == "floor" else kappa + noise * generator.standard_normal(value.shape)

    return edit


def test_a_gradient_that_is_shown_not_to_fail_vouches(job: Job) -> None:
    """Kappa .33 is no pass, and surely below what fails: the job can tell, and accusations stand (decision 0045)."""
    outcome = job.outcome(partials=edited(job, left(0.33, 0.05)))
    found = words(outcome)
    assert (found["gradient"], found["guided_backprop"], found["edge_detector"]) == (Q, F, F)
    assert Caveat.CONTROL_DISAGREES not in product.check(outcome, "guided_backprop").caveats
    decisions = {d.decision for d in product.randomization(outcome, "gradient").depths if d.depth in DECIDING}
    assert decisions == {Q}


def test_a_gradient_that_may_fail_withdraws_accusations(job: Job) -> None:
    """Kappa .45 that scatters by 1: neither below what fails nor above, so that the check itself is in doubt."""
    outcome = job.outcome(partials=edited(job, left(0.45, 1.0)))
    found = words(outcome)
    assert (found["gradient"], found["guided_backprop"], found["edge_detector"]) == (Q, Q, Q)
    assert Caveat.CONTROL_DISAGREES in product.check(outcome, "guided_backprop").caveats


def test_a_gradient_that_only_lacks_diverse_images_withdraws_nothing(job: Job) -> None:
    """Images whose gradients are one map make a gradient undecided: what fails on them fails all the same."""

    def edit(key: Key, value: Any) -> Any:
        alike = key[0] == "gradient" and key[-1] == "likeness"
        return kept("guided_backprop")(key, np.full_like(value, 0.99) if alike else value)

    outcome = job.outcome(partials=edited(job, edit))
    found = words(outcome)
    assert (found["gradient"], found["guided_backprop"], found["edge_detector"]) == (Q, F, F)
    told = product.check(outcome, "gradient")
    assert "maps of different images are too alike" in told.summary
    assert Caveat.CONTROL_DISAGREES not in told.caveats


@pytest.mark.parametrize("control", ["edge_detector", "gaussian_noise", "constant"])
def test_a_pass_needs_controls_that_are_caught(job: Job, control: str) -> None:
    """If edges, noise or a constant map pass, the job acquits nobody; fails stand."""

    def edit(key: Key, value: Any) -> Any:
        return kept("guided_backprop")(key, lost(control)(key, value))

    outcome = job.outcome(partials=edited(job, edit))
    found = words(outcome)
    assert found["gradient"] is Q
    assert found["guided_backprop"] is F
    assert control in product.check(outcome, "gradient").summary


def full_logits(job: Job, change: Callable[[Any, Any], Any]) -> dict[int, Partial]:
    """Logits of fully randomised models replaced by a function of the original's and their own."""
    full = str(job.plan.depths[Depth.FULL])
    out = {}
    for i, partial in job.partials.items():
        original = partial.arrays.get(("logits", "original"))
        arrays = {
            key: change(original, value) if key[0] == "logits" and len(key) == 4 and key[3] == full else value
            for key, value in partial.arrays.items()
        }
        out[i] = replace(partial, arrays=arrays)
    return out


def test_a_model_that_did_not_change_proves_nothing(job: Job) -> None:
    """O13, O14: if outputs are the original's, all is invalid, and nothing fails, identical maps or not."""
    partials = full_logits(job, lambda original, _: original)
    outcome = job.outcome(partials=edited(replace(job, partials=partials), kept("guided_backprop")))
    held = product.preflight(outcome)
    assert (held["model_changed_reinit"], held["model_changed_permute"]) == (False, False)
    assert set(words(outcome).values()) == {X}
    assert outcome.verdict is not F
    assert "model_changed" in product.check(outcome, "gradient").summary


def test_one_arm_that_did_not_change_is_enough(job: Job) -> None:
    """Both arms must be real."""
    full = str(job.plan.depths[Depth.FULL])

    def edit(key: Key, value: Any) -> Any:
        return originals[len(value)] if key[:2] == ("logits", "permute") and key[3] == full else value

    originals = {len(p.arrays["logits", "original"]): p.arrays["logits", "original"] for p in job.partials.values()
                 if ("logits", "original") in p.arrays}  # fmt: skip
    outcome = job.outcome(partials=edited(job, edit))
    held = product.preflight(outcome)
    assert (held["model_changed_reinit"], held["model_changed_permute"]) == (True, False)
    assert set(words(outcome).values()) == {X}


def test_outputs_that_are_not_finite_are_invalid(job: Job) -> None:
    """Preflight (a)."""
    outcome = job.outcome(partials=full_logits(job, lambda _, own: np.full_like(own, np.nan)))
    assert set(words(outcome).values()) == {X}
    assert any("not finite" in p.detail for p in product.check_run(outcome).preflight)


def test_a_tensor_that_was_missed_is_named(job: Job) -> None:
    """Preflight (b): all targeted tensors must differ."""
    cells = [{"arm": "reinit", "seed": 0, "unchanged": ["fc.weight"]}]
    outcome = job.outcome(partials=with_facts(job, {"cells": cells}))
    assert set(words(outcome).values()) == {X}
    assert "fc.weight" in product.check(outcome, "gradient").summary


def test_a_graph_that_is_not_the_original_is_not_judged(job: Job) -> None:
    """Parity beyond tolerance on any probe of any shard."""
    probe = {"probe": "images", "max_absolute": 1.0, "max_relative": 0.2, "tolerance": 1e-4, "within": False}
    outcome = job.outcome(partials=with_facts(job, {"parity": [probe]}))
    assert not product.preflight(outcome)["parity"]
    assert set(words(outcome).values()) == {X}


def test_a_model_without_randomised_parameters_is_not_judged(job: Job) -> None:
    """Coverage 0: there was nothing to destroy; less than all is a caveat."""
    for fraction, held in ((0.0, False), (0.9, True)):
        report = job.report.model_copy(update={"coverage": CoverageReport(fraction=fraction, left_out={"w": "why"})})
        outcome = job.outcome(report=report)
        assert product.preflight(outcome)["coverage"] is held
        assert Caveat.PARAMETERS_LEFT in product.check_run(outcome).caveats


def test_a_methods_own_problem_is_its_own(job: Job) -> None:
    """A hook that never fired makes that method invalid and leaves the others alone."""
    found = next(p.facts["preflight"] for p in job.partials.values() if "preflight" in p.facts)
    assert isinstance(found, dict)
    broken = {**found, "guided_backprop": {"problems": ["no ReLU module fired"], "figures": {}}}
    outcome = job.outcome(partials=with_facts(job, {"preflight": broken}))
    assert words(outcome) == {**words(job.outcome()), "guided_backprop": X}
    assert "no ReLU module fired" in product.check(outcome, "guided_backprop").summary


def test_a_random_model_that_still_knows_the_classes_is_no_random_model(job: Job) -> None:
    """Labels that the randomised models hit far above chance: invalid. Without labels: not asked."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(len(job.plan.selected), 10))
    truth = [int(c) for c in table.argmax(1)]
    full = str(job.plan.depths[Depth.FULL])

    def edit(key: Key, value: Any) -> Any:
        mine = key[0] == "logits" and key[-1] == full and len(value) == len(table)
        return table.astype(np.float32) if mine else value

    assert len(job.plan.groups) == 1
    outcome = job.outcome(partials=edited(job, edit), labels=truth)
    assert product.preflight(outcome)["accuracy_at_chance"] is False
    assert set(words(outcome).values()) == {X}
    unlabelled = job.outcome(partials=edited(job, edit), labels=[None] * len(truth))
    assert "accuracy_at_chance" not in product.preflight(unlabelled)


def test_chance_is_the_99_percent_limit_of_the_majority_class(job: Job) -> None:
    """The limit in the sentence is the binomial quantile, by scipy's own distribution; one class alone is no error, and
    the number of a class costs no memory."""
    for truth in ([0] * 11 + [1] * 11, [0] * 22, [i % 10 for i in range(22)], [0] * 21 + [2**31 - 1]):
        rate = max(truth.count(c) for c in set(truth)) / 22
        outcome = job.outcome(labels=truth)
        (detail,) = [p.detail for p in product.check_run(outcome).preflight if p.name == "accuracy_at_chance"]
        limit = int(detail.rsplit(" ", 1)[1])
        assert limit >= stats.binom(22, rate).ppf(0.99)
        assert limit <= stats.binom(22, rate).ppf(0.99) + 1


def test_misclassified_images_are_told(job: Job) -> None:
    """Rightly classified images are what the check is for; others are a caveat, and only where labels are known."""
    predicted = list(job.outcome().images.predictions)
    for labels, expected in ((predicted, False), ([None] * 22, False), ([9 - c for c in predicted], True)):
        found = product.check_run(job.outcome(labels=labels)).caveats
        assert (Caveat.MISCLASSIFIED in found) is expected


def test_too_few_images_decide_nothing() -> None:
    """Under the profile's minimum: neither pass nor fail for anybody, the reason in words, invalid stays invalid."""
    _, test = digits.split()
    methods = ["guided_backprop", "edge_detector"]
    outcome = product.measured(file(), test[slice(0, 6)], methods, profile="quick").outcome()
    found = words(outcome)
    assert {found["guided_backprop"], found["edge_detector"], found["gradient"]} == {Q}
    assert found["constant"] is X
    assert "6 images are too few" in product.check(outcome, "edge_detector").summary
    assert Caveat.TOO_FEW_IMAGES in product.check_run(outcome).caveats
    assert outcome.verdict is Q


def test_one_image_raises_nothing() -> None:
    """No floor, no interval, no warning: an inconclusive job."""
    _, test = digits.split()
    outcome = product.measured(file(), test[slice(0, 1)], ["gradient"], profile="quick").outcome()
    assert outcome.verdict is Q
    assert product.depth(outcome, "gradient", outcome.plan.arms[0], Depth.FULL).kappa.mean is None


def test_curves_are_the_predictions_own_decay(job: Job) -> None:
    """same_class and class_probability at each stage, from the curve shard's logits by hand."""
    outcome = job.outcome()
    run = product.check_run(outcome)
    curves = {c.name: c for c in run.predictions}
    ((_, partial),) = of_kind(job.plan, job.partials, ShardKind.CURVE)
    before = partial.arrays["logits", "original"].astype(float)
    rows, classes = np.arange(len(before)), before.argmax(1)
    for place, stage in enumerate(job.plan.stages, start=1):  # the trained model stands first
        now = partial.arrays["logits", "reinit", "0", str(stage)].astype(float)
        same = float(np.mean(now.argmax(1) == classes))
        share = float(np.mean(_softmax(now)[rows, classes] / _softmax(before)[rows, classes]))
        assert curves["same_class"].points[place].mean == pytest.approx(same, abs=1e-9)
        assert curves["class_probability"].points[place].mean == pytest.approx(share, rel=1e-6)
    assert curves["same_class"].points[0].mean == curves["class_probability"].points[0].mean == 1.0
    assert list(curves["same_class"].layers[1:]) == [job.plan.steps[-stage] for stage in job.plan.stages]


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def shallow(key: Key, value: Any) -> Any:
    """Guided Backpropagation keeps its map at every depth but the last."""
    return kept("guided_backprop")(key, value) if key[-2:-1] != ("4",) else lost("guided_backprop")(key, value)


def test_only_a_cascade_tells_of_upper_layers(job: Job) -> None:
    """From the input up it is the lower half that is random at the top: a map that stays there follows no lower layer
    alone. One layer at a time, neither."""
    assert job.plan.depths[Depth.FULL] == 4
    how = job.plan.randomization
    told = {}
    for order in Order:
        plan = job.plan.model_copy(update={"randomization": how.model_copy(update={"order": order})})
        outcome = job.outcome(plan=plan, partials=edited(job, shallow), labels=[None] * 22)
        told[order] = Caveat.SHALLOW_INVARIANCE in product.check(outcome, "guided_backprop").caveats
    assert told == {Order.CASCADING: True, Order.INDEPENDENT: False, Order.BOTTOM_UP: False}


def test_a_layer_alone_that_leaves_the_answers_right_is_no_ground(job: Job) -> None:
    """Where layers are drawn one at a time, both of them must cost the model what it knew."""
    how = job.plan.randomization.model_copy(update={"order": Order.INDEPENDENT})
    plan, middle = job.plan.model_copy(update={"randomization": how}), str(job.plan.depths[Depth.TOP])

    def right(key: Key, value: Any) -> Any:
        if key[0] != "logits" or key[-1] != middle:
            return value
        return np.eye(10)[np.resize(np.arange(10), len(value))] * 5.0

    assert plan.groups == (tuple(range(22)),)
    outcome = job.outcome(plan=plan, partials=edited(job, right), labels=[i % 10 for i in range(22)])
    assert product.preflight(outcome)["accuracy_at_chance_top"] is False
    assert set(words(outcome).values()) == {X}
