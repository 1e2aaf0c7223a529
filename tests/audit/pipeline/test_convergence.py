"""Convergence on its way from a shard to the result and the report."""

import numpy as np
import pytest
from torch import nn

from junco.audit.checks.convergence import NAMES
from junco.audit.partial import Partial
from junco.audit.pipeline.convergence import CONVERGED, converged, layers_of
from junco.audit.pipeline.draw import draw
from junco.contract.outcome import Caveat, Outcome
from junco.contract.plan import Shard, ShardKind
from junco.contract.sharding import shards
from junco.contract.statistics import ClassStatistics, ConvergencePoint
from tests.truth import digits, models, product
from tests.truth.product import Job

METHODS = ["lrp_z_plus", "grad_cam"]


@pytest.fixture(scope="module")
def measured() -> Job:
    """Ten digits on eight random convolutions: enough for z+ to forget."""
    layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU()]
    layers += [part for _ in range(7) for part in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    file = models.as_torchscript(models._settled(net, seed=4), digits.SHAPE, "traced")
    _, test = digits.split()
    return product.measured(file, test[slice(0, 10)], METHODS, profile="quick", checks=["class_sensitivity"])


@pytest.fixture(scope="module")
def outcome(measured: Job) -> Outcome:
    """The conclusion."""
    return measured.outcome()


def shard_of(job: Job) -> Shard:
    """The one that carried relevance back."""
    return next(s for s in shards(job.plan) if s.kind is ShardKind.CONVERGENCE)


def statistics(outcome: Outcome, label: str) -> ClassStatistics:
    """What class_sensitivity found of one method."""
    found = product.method(outcome, label).checks[0].statistics
    assert isinstance(found, ClassStatistics)
    return found


def test_a_rule_that_forgets_says_so(outcome: Outcome) -> None:
    """z+ is at 1 at the first layer, from chance at the logits, and raises the caveat; the gradient is not and does
    not."""
    found, plain = statistics(outcome, "lrp_z_plus"), statistics(outcome, "gradient")
    assert found.convergence == found.layers[-1].median
    assert found.convergence is not None
    assert found.convergence > CONVERGED
    assert len(found.layers) == 9
    assert found.layers[0].median is not None
    assert found.layers[0].median < 0.5
    assert Caveat.CONVERGES in product.method(outcome, "lrp_z_plus").checks[0].caveats
    assert plain.convergence is not None
    assert plain.convergence < CONVERGED
    assert Caveat.CONVERGES not in product.method(outcome, "gradient").checks[0].caveats


def test_a_method_without_a_rule_has_none(outcome: Outcome) -> None:
    """Grad-CAM is judged by its maps alone."""
    found = statistics(outcome, "grad_cam")
    assert (found.convergence, found.convergence_by_chance, found.layers) == (None, None, ())


def test_the_report_shows_a_curve_of_the_rules(measured: Job, outcome: Outcome) -> None:
    """One picture under the check, named by every method's outcome; none where no rule was followed."""
    shown = np.zeros((2, 28, 28, 3), dtype=np.uint8)
    named, files = draw(outcome, measured.partials, shown)
    name = "checks/class_sensitivity/convergence.png"
    (picture,) = [file for file in files if file.name == name]
    assert picture.data.startswith(b"\x89PNG")
    assert "two starts" in picture.caption
    assert name in product.method(named, "lrp_z_plus").checks[0].artifacts
    silent = {**measured.partials, shard_of(measured).index: Partial({}, {"layers": {}})}
    _, without = draw(measured.outcome(partials=silent), silent, shown)
    assert name not in {file.name for file in without}


def test_what_has_no_direction_has_converged_to_nothing(measured: Job) -> None:
    """A rule that dies: no median, which is neither 1 nor a number that JSON cannot hold."""
    dead = {("m", "convergence", name): np.array([np.nan if name != "undefined" else 1.0]) for name in NAMES}
    layers = layers_of([(shard_of(measured), Partial(dead, {"layers": {"m": ["conv"]}}))], "m")
    assert layers == (ConvergencePoint(layer="conv", median=None, undefined=1.0),)
    assert not converged(layers)
    assert not converged(())


def test_one_channel_has_one_direction_and_converges_to_nothing() -> None:
    """|cosine| is 1 there whatever the rule: it tells of the model's width."""
    narrow = ConvergencePoint(layer="conv", median=1.0, expected=1.0, undefined=0.0)
    assert not converged((narrow,))
    assert converged((narrow.model_copy(update={"expected": 0.5}),))
