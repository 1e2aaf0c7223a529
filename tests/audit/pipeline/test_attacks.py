"""input_manipulation and fragility from bytes to outcome and pictures."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from torch import nn

from junco.audit import images as pictures
from junco.audit.pipeline.draw import draw
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.shards import run
from junco.contract.catalogue import Aim, CheckName, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Caveat, CheckOutcome, Outcome
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.statistics import FragilityStatistics, ManipulationStatistics
from tests.audit.checks.attacked import staircase
from tests.truth import digits, models, product
from tests.truth.digits import Digits
from tests.truth.product import Job

CHECKS = (CheckName.INPUT_MANIPULATION, CheckName.FRAGILITY)
BRIEF = {"manipulation_budget": 0.03, "manipulation_images": 36, "defended_images": 1, "fragility_steps": 3}
METHODS = ["gradient", "grad_cam", {"method": "gradient", "parameters": {"beta": 1.0}, "checks": ["fragility"]}]


def noise(n: int) -> Digits:
    """Images of noise, as uniform as pixels go."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, digits.SIDE, digits.SIDE), dtype=np.uint8)
    return Digits(pixels, np.zeros(n, dtype=np.int64))


def attacked(network: nn.Module, data: Digits, methods: list[object], **profile: float) -> Job:
    """All shards of both attacks, in a standard profile of fewer steps."""
    file, files = models.as_torchscript(network, digits.SHAPE, "traced"), product.files_of(data)
    request = product.asked(file, files, methods, checks=CHECKS)
    report = inspect(file, input_shape=digits.SHAPE)
    plan = resolve(request, report, ImageSet.of(tuple(one for one, _ in files)))
    plan = plan.model_copy(update={"profile": plan.profile.model_copy(update={**BRIEF, **profile})})
    spent = dict.fromkeys((s.index for s in shards(plan)), 0)

    def count(index: int, passes: int) -> None:
        spent[index] += passes

    partials = {s.index: run(s, plan, file, files, tick=lambda n, i=s.index: count(i, n)) for s in shards(plan)}
    assert all(spent[s.index] <= s.cost for s in shards(plan))
    return Job(plan, report, partials, (None,) * len(data.pixels), file, files)


@pytest.fixture(scope="module")
def job() -> Job:
    """The staircase on 36 images of noise."""
    return attacked(staircase(), noise(36), METHODS)


@pytest.fixture(scope="module")
def outcome(job: Job) -> Outcome:
    """Its outcome."""
    return job.outcome()


def manipulation(outcome: Outcome, label: str = "gradient") -> CheckOutcome:
    """input_manipulation of one method."""
    return product.check(outcome, label, CheckName.INPUT_MANIPULATION)


def test_a_vulnerable_method_fails(outcome: Outcome) -> None:
    """The staircase, through TorchScript, lifting, shards and verdict; the smoothed map beside it resists more."""
    found = manipulation(outcome)
    assert found.verdict is Verdict.FAIL, found.summary
    assert "vulnerable: " in found.summary
    stats = found.statistics
    assert isinstance(stats, ManipulationStatistics)
    assert (stats.images, stats.undefined, stats.steps) == (36, 0, 45)
    assert stats.success.mean is not None
    assert stats.success.lower is not None
    assert stats.success.lower > 0.5
    assert stats.before is not None
    assert stats.after is not None
    assert stats.after > stats.before + 0.3
    assert stats.beta_after is not None
    assert stats.beta_after < stats.after
    assert Caveat.UNDEFENDED in found.caveats


def test_what_is_not_attacked_says_why(outcome: Outcome) -> None:
    """Grad-CAM cannot be followed, controls were not asked for."""
    reasons = {label: manipulation(outcome, label) for label in ("grad_cam", "edge_detector")}
    assert {c.verdict for c in reasons.values()} == {Verdict.NOT_RUN}
    assert all("cannot be followed" in c.summary for c in reasons.values())


def test_fragility_tells_attack_from_noise(outcome: Outcome) -> None:
    """Every aim with both arms; twenty images, sixteen pixels in the top."""
    stats = product.check(outcome, "gradient", CheckName.FRAGILITY).statistics
    assert isinstance(stats, FragilityStatistics)
    assert (stats.images, stats.top, [a.aim for a in stats.aims]) == (20, 16, list(Aim))
    assert all(a.overlap is not None and a.overlap_noise is not None for a in stats.aims)
    smooth = product.check(outcome, "gradient(beta=1.0)", CheckName.FRAGILITY)
    assert isinstance(smooth.statistics, FragilityStatistics)
    rho, rough = (s.aims[0].rho for s in (smooth.statistics, stats))
    assert rho is not None
    assert rough is not None
    assert rho > rough


def test_pictures_show_images_and_maps(job: Job, outcome: Outcome) -> None:
    """One gallery for the attacked method, one strip for fragility, and the report has both."""
    shots = pictures.load(job.files, job.plan.preprocessing, selected=job.plan.selected)
    _, drawn = draw(outcome, job.partials, shots.shown[:2])
    named = {a.name: a.data for a in drawn}
    assert {n for n in named if n.startswith("checks/")} == {
        "checks/input_manipulation/gradient.png",
        "checks/fragility/strip.png",
    }
    assert Image.open(io.BytesIO(named["checks/input_manipulation/gradient.png"])).width > 800
    report = named["report.html"].decode()
    assert "Input manipulation" in report
    assert "Share of images on which the attack succeeds" in report


def test_a_linear_model_resists() -> None:
    """A gradient that is constant cannot move: pass under both checks, and one attack is named as one attack."""
    linear = models._settled(nn.Sequential(nn.Flatten(), nn.Linear(784, 60)), seed=1)
    data = Digits(np.concatenate([noise(60).pixels, noise(60).pixels[:, ::-1]]), np.zeros(120, dtype=np.int64))
    found = attacked(linear, data, ["gradient"], manipulation_images=60, fragility_images=20).outcome()
    for check in CHECKS:
        one = product.check(found, "gradient", check)
        assert one.verdict is Verdict.PASS, one.summary
        assert Caveat.ONE_ATTACK in one.caveats


def test_a_model_with_other_kinks_is_not_attacked() -> None:
    """LeakyReLU has no softplus here: not run, with the reason."""
    leaky = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.LeakyReLU(), nn.Linear(8, 5))
    found = attacked(models._settled(leaky, seed=1), noise(8), ["gradient"]).outcome()
    for check in CHECKS:
        one = product.check(found, "gradient", check)
        assert one.verdict is Verdict.NOT_RUN
        assert "LeakyReLU" in one.summary


def test_a_model_that_bends_at_kinks_alone_is_not_attacked() -> None:
    """Max-pooling is no activation: no softplus stands in for it, no step moves the map, and nothing is acquitted."""
    pools = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(784, 4))
    outcome = attacked(pools, noise(2), ["gradient"]).outcome()
    for check in CHECKS:
        found = product.check(outcome, "gradient", check)
        assert found.verdict is Verdict.NOT_RUN
        assert "the model bends at kinks alone" in found.summary


def test_attacks_on_copies_of_one_image_say_nothing(job: Job) -> None:
    """Thirty-six manipulated copies are one: no accusation."""
    one = {
        i: replace(p, arrays={k: v[:1].repeat(len(v), 0) if k[0] == "logits" else v for k, v in p.arrays.items()})
        for i, p in job.partials.items()
    }
    outcome = job.outcome(partials=one)
    for check in CHECKS:
        assert product.preflight(outcome, check)["images_differ"] is False
        assert product.check(outcome, "gradient", check).verdict is Verdict.INVALID
    assert "images_differ" not in product.preflight(job.outcome(), CHECKS[0])


def test_maps_of_a_misread_model_mean_nothing(job: Job) -> None:
    """Without parity with the original both checks are invalid."""
    broken = {
        i: type(p)(p.arrays, {**p.facts, "parity": [{"within": False, "max_relative": 0.5}]})
        for i, p in job.partials.items()
    }
    found = job.outcome(partials=broken)
    assert {product.check(found, "gradient", check).verdict for check in CHECKS} == {Verdict.INVALID}


def test_one_image_has_no_target() -> None:
    """Not run, with the reason, and fragility has too few images for a word."""
    found = attacked(staircase(), noise(1), ["gradient"]).outcome()
    assert "the plan has one image" in manipulation(found).summary
    assert Caveat.TOO_FEW_IMAGES in product.check(found, "gradient", CheckName.FRAGILITY).caveats
