"""data_randomization from an upload to its outcome: verdicts of maps whose fate is known, and the gates before them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch import nn

from junco.audit.partial import Partial
from junco.audit.pipeline.draw import draw
from junco.contract.catalogue import CheckName, Lesson, Verdict
from junco.contract.outcome import Caveat, Outcome
from junco.contract.statistics import LabelStatistics
from tests.truth import digits, models, product
from tests.truth.product import Job

CHECK = CheckName.DATA_RANDOMIZATION
QUICK = {"learning_rate": 3e-3, "epochs": 60}


def network() -> nn.Sequential:
    """Two convolutions with strides, which memorise some hundred digits in seconds."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def file() -> bytes:
    """The network as an upload, its weights of no importance."""
    return models.as_torchscript(models._settled(network(), seed=4), digits.SHAPE, "traced")


def measured(count: int, *, labels: bool = True, methods: tuple[str, ...] = ("guided_backprop",), **recipe: Any) -> Job:
    """The check alone on ``count`` digits under the quick profile."""
    train, _ = digits.split()
    training = QUICK | recipe
    data = train[slice(0, count)]
    return product.measured(
        file(), data, methods, labels=labels, profile="quick", checks=[CHECK.value], training=training
    )


def statistics(outcome: Outcome, label: str) -> LabelStatistics:
    """What the check measured of one method."""
    found = product.check(outcome, label, CHECK).statistics
    assert isinstance(found, LabelStatistics)
    return found


@pytest.fixture(scope="module")
def job() -> Job:
    """324 digits: 24 held out, 300 learned, three draws."""
    return measured(324, held_out=0.075)


@pytest.fixture(scope="module")
def outcome(job: Job) -> Outcome:
    """Its conclusion."""
    return job.outcome()


def test_the_gradient_passes_and_the_edge_detector_fails(outcome: Outcome) -> None:
    """As published (Adebayo et al. 2018, figure 6); noise and constant maps are no explanations to begin with."""
    words = {label: product.check(outcome, label, CHECK).verdict for label in ("gradient", "edge_detector")}
    assert words == {"gradient": Verdict.PASS, "edge_detector": Verdict.FAIL}
    for label in ("gaussian_noise", "constant"):
        assert product.check(outcome, label, CHECK).verdict is Verdict.INVALID
    assert Caveat.TRAINED_HERE in product.check(outcome, "gradient", CHECK).caveats


def test_guided_backprop_keeps_most_of_what_twins_share(outcome: Outcome) -> None:
    """ "Still paints the digit": its kappa lies above .5, the gradient's about 0, and the edges' at 1."""
    kappas = [statistics(outcome, label).kappa.mean for label in ("gradient", "guided_backprop", "edge_detector")]
    assert all(k is not None for k in kappas)
    gradient, guided, edges = (float(k or 0) for k in kappas)
    assert abs(gradient) < 0.2
    assert guided > 0.5
    assert edges == pytest.approx(1.0, abs=1e-6)


def test_gates_hold_where_networks_learned_what_they_should(outcome: Outcome) -> None:
    """All memorised, the true labels generalise, the permuted ones do not; curves end above the gate."""
    held = product.preflight(outcome, CHECK)
    assert held == {
        "parity": True, "memorised_true": True, "memorised_twin": True, "memorised_permuted": True,
        "generalises_true": True, "generalises_twin": True, "at_chance_permuted": True,
    }  # fmt: skip
    curves = {curve.name: curve for curve in product.check_run(outcome, CHECK).predictions}
    assert len(curves) == 2 * len(Lesson) * 3
    ends = [c.points[-1].mean for name, c in curves.items() if name.startswith("accuracy")]
    assert all(end is not None and end > 0.95 for end in ends)
    assert len(curves["loss permuted 0"].points) > len(curves["loss true 0"].points)


def test_a_network_that_memorised_too_little_judges_nothing() -> None:
    """One epoch is too few: every method is invalid, and the reason names the gate."""
    outcome = measured(60, epochs=1).outcome()
    found = product.check(outcome, "edge_detector", CHECK)
    assert found.verdict is Verdict.INVALID
    assert "memorised_true" in found.summary
    assert not product.preflight(outcome, CHECK)["memorised_permuted"]


def test_permuted_labels_that_show_on_held_out_images_judge_nothing(job: Job) -> None:
    """Had the network seen the test images' labels, the arm would not be random."""

    def told(partial: Partial) -> Partial:
        lessons: Any = partial.facts["lessons"]
        cheat = lessons | {Lesson.PERMUTED: lessons[Lesson.PERMUTED] | {"tested": 0.9}}
        return replace(partial, facts=dict(partial.facts) | {"lessons": cheat})

    outcome = job.outcome(partials={i: told(p) for i, p in job.partials.items()})
    assert product.check(outcome, "gradient", CHECK).verdict is Verdict.INVALID
    assert "at_chance_permuted" in product.check(outcome, "gradient", CHECK).summary


def test_an_undecided_gradient_withdraws_no_accusation(job: Job) -> None:
    """Twins that share nothing of the gradient leave it undecided; the edge detector fails all the same."""
    room = {i: _without_room(partial, str(i)) for i, partial in job.partials.items()}
    outcome = job.outcome(partials=room)
    assert product.check(outcome, "gradient", CHECK).verdict is Verdict.INCONCLUSIVE
    assert "agree too little" in product.check(outcome, "gradient", CHECK).summary
    assert product.check(outcome, "edge_detector", CHECK).verdict is Verdict.FAIL


def _without_room(partial: Partial, draw: str) -> Partial:
    same = {("gradient", draw, "twin"): partial.arrays["gradient", draw, "twin_floor"]}
    return replace(partial, arrays=dict(partial.arrays) | same)


def test_images_without_labels_are_not_run() -> None:
    """An archive shows only in the shard that it has no labels: nothing is trained, and the reason is said."""
    job = measured(60, labels=False)
    outcome = job.outcome()
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.NOT_RUN
    assert "60 of 60 images have no label" in found.summary
    _, drawn = draw(outcome, job.partials, np.zeros((2, 28, 28, 3), dtype=np.uint8))
    assert not [a for a in drawn if "data_randomization" in a.name]


def test_pictures_show_every_lesson(job: Job, outcome: Outcome) -> None:
    """A strip of maps, and the two curves, all named in the result."""
    named, drawn = draw(outcome, job.partials, np.zeros((2, 28, 28, 3), dtype=np.uint8))
    wanted = {f"checks/data_randomization/{name}.png" for name in ("strip", "accuracy", "loss")}
    assert wanted <= {artifact.name for artifact in drawn}
    assert wanted <= set(product.check(named, "gradient", CHECK).artifacts)
