"""model_manipulation from bytes to words: an honest network, one with an offset, controls, references and pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from junco.audit.engine import LocalEngine
from junco.audit.images import load
from junco.audit.partial import Partial
from junco.audit.pipeline.draw import draw
from junco.audit.pipeline.shards import run
from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Level, Sign, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Caveat, Outcome
from junco.contract.sharding import shards
from junco.contract.statistics import TamperingStatistics
from tests.truth import digits, fooling, models, product
from tests.truth.product import Job

CHECK = CheckName.MODEL_MANIPULATION
METHODS = ["gradient", "grad_cam"]


def upload(network: nn.Module) -> bytes:
    """As a file."""
    return models.as_torchscript(network, digits.SHAPE, "traced")


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Two strided convolutions after four epochs."""
    return fooling.student()


@pytest.fixture(scope="module")
def job(network: nn.Module) -> Job:
    """The honest network on ten digits."""
    return product.measured(upload(network), images(), METHODS, profile="quick", checks=[CHECK])


def images(count: int = 10) -> digits.Digits:
    """Held-out digits."""
    return digits.split()[1][slice(0, count)]


def statistics(outcome: Outcome, label: str) -> TamperingStatistics:
    """What was measured of one method."""
    found = product.check(outcome, label, CHECK).statistics
    assert isinstance(found, TamperingStatistics)
    return found


def levels(outcome: Outcome, label: str) -> dict[Sign, Level | None]:
    """The evidence."""
    return {e.sign: e.level for e in statistics(outcome, label).evidence}


def test_nothing_is_found_in_an_honest_network(job: Job) -> None:
    """The gradient passes, in words that promise nothing; noise does not, and a constant map is invalid."""
    outcome = job.outcome()
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.PASS, found.summary
    assert "no sign of manipulation found" in found.summary
    assert Caveat.NO_PROOF in found.caveats
    words = {label: product.check(outcome, label, CHECK).verdict for label in ("gaussian_noise", "constant")}
    assert words == {"gaussian_noise": Verdict.INCONCLUSIVE, "constant": Verdict.INVALID}
    assert product.check(outcome, "grad_cam", CHECK).verdict is not Verdict.FAIL
    assert len(statistics(outcome, "gradient").panel) == 3


def test_an_offset_is_seen_in_the_gradient_and_is_not_the_controls(network: nn.Module) -> None:
    """Probabilities are the honest ones; the map lies on the frame."""
    lying = fooling.Offset(network, digits.SHAPE, gain=1.0)
    outcome = product.measured(upload(lying), images(), ["gradient"], profile="quick", checks=[CHECK]).outcome()
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.FAIL
    assert "no probability depends on" in found.summary
    seen = statistics(outcome, "gradient")
    assert seen.offset is not None
    assert seen.offset < 0.6
    assert levels(outcome, "gradient")[Sign.FRAME] is Level.STRONG
    assert levels(outcome, "edge_detector")[Sign.OFFSET] is Level.NONE


def altered(job: Job, label: str, **values: float) -> Outcome:
    """The job's outcome with some of a method's figures set to constants."""
    (partial,) = job.partials.values()
    count = len(partial.arrays["gradient", "gain"])
    changed = {(label, name): np.full(count, value) for name, value in values.items()}
    return job.outcome(partials={0: Partial({**partial.arrays, **changed}, partial.facts)})


def test_an_accused_control_withdraws_accusations_and_acquitted_noise_acquittals(job: Job) -> None:
    """The edge detector never asks the model, and noise marks nothing: who judges them so is not believed."""
    (partial,) = job.partials.values()
    lying = {("gradient", "offset"): np.zeros(10), ("edge_detector", "offset"): np.zeros(10)}
    outcome = job.outcome(partials={0: Partial({**partial.arrays, **lying}, partial.facts)})
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "edge_detector is accused" in found.summary
    witness = float(partial.arrays["witness", "gain"].mean())
    spared = product.check(altered(job, "gaussian_noise", gain=witness), "gradient", CHECK)
    assert (spared.verdict, Caveat.CONTROL_DISAGREES in spared.caveats) == (Verdict.INCONCLUSIVE, True)


def test_parity_and_enough_images_are_asked_for(job: Job) -> None:
    """Otherwise the word is withdrawn."""
    (partial,) = job.partials.values()
    broken = {**partial.facts, "parity": [{"max_relative": 0.1, "within": False}]}
    outcome = job.outcome(partials={0: Partial(partial.arrays, broken)})
    assert product.check(outcome, "gradient", CHECK).verdict is Verdict.INVALID
    strict = job.plan.profile.model_copy(update={"images_minimum": 11})
    few = product.check(job.outcome(plan=job.plan.model_copy(update={"profile": strict})), "gradient", CHECK)
    assert (few.verdict, Caveat.TOO_FEW_IMAGES in few.caveats) == (Verdict.INCONCLUSIVE, True)


def test_references_are_compared_where_they_are_at_hand(network: nn.Module, tmp_path: Path) -> None:
    """The same network in another file is as like as can be; a reference that was not handed over is told."""
    data, same = upload(network), models.as_torchscript(network, digits.SHAPE, "scripted")
    files = product.files_of(images(4))
    lost = digest_of(b"lost")
    request = product.asked(
        data, files, ["gradient"], profile="quick", checks=[CHECK], reference_models=[digest_of(same), lost]
    )
    paths = [tmp_path / "model", tmp_path / "images", tmp_path / "reference"]
    for path, content in zip(paths, (data, files[0][1], same), strict=True):
        path.write_bytes(content)
    outcome = LocalEngine(threads=1).check(
        paths[0], ImageSet.of((files[0][0],)), paths[1:2], request, out=tmp_path / "out", input_shape=digits.SHAPE,
        others=paths[2:],
    )  # fmt: skip
    seen = statistics(outcome, "gradient")
    assert (seen.references, seen.reference, seen.reference_witness) == (1, pytest.approx(1), pytest.approx(1))
    assert levels(outcome, "gradient")[Sign.REFERENCE] is Level.NONE
    moved = next(e for e in seen.evidence if e.sign is Sign.MOVED)
    assert moved.level is Level.NONE
    assert moved.value is not None
    assert moved.value.mean == pytest.approx(0, abs=1e-5)
    assert moved.p_fail == 1
    assert Caveat.UNREFERENCED in product.check(outcome, "gradient", CHECK).caveats


def test_the_witness_and_all_methods_are_drawn(job: Job) -> None:
    """One strip, named by the check's outcome."""
    shots = load(job.files, job.plan.preprocessing, selected=job.plan.selected)
    outcome, pictures = draw(job.outcome(), job.partials, shots.shown[:2])
    assert "checks/model_manipulation/strip.png" in {p.name for p in pictures}
    assert "checks/model_manipulation/strip.png" in product.check(outcome, "gradient", CHECK).artifacts


def test_two_shards_are_one_table(job: Job) -> None:
    """Four images in two groups of two: frames and gains are those that the first four have in one group."""
    small = job.plan.profile.model_copy(update={"group_size": 2, "tampering_images": 4})
    plan = job.plan.model_copy(update={"profile": small})
    partials = {shard.index: run(shard, plan, job.model, job.files) for shard in shards(plan)}
    assert len(partials) == 2
    apart = replace(job, plan=plan, partials=partials).outcome()
    two, (whole,) = statistics(apart, "gradient"), job.partials.values()
    frame, gain, chance = (
        whole.arrays[key][:4] for key in (("gradient", "frame"), ("gradient", "gain"), ("random", "gain"))
    )
    assert two.frame == pytest.approx(frame.mean(), abs=1e-6)
    assert two.gain == pytest.approx((gain - chance).mean(), abs=1e-6)


def test_p_values_and_what_would_decide_are_in_the_outcome(job: Job) -> None:
    """An offset on seven of ten digits is a doubt, more would make it an accusation, and agreement leads none."""
    (partial,) = job.partials.values()
    torn = {("gradient", "offset"): np.where(np.arange(10) < 7, 0.5, 0.99)}
    outcome = job.outcome(partials={0: Partial({**partial.arrays, **torn}, partial.facts)})
    found = product.check(outcome, "gradient", CHECK)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.needed is not None
    assert found.needed.images > 10
    assert f"about {found.needed.images} images would decide" in found.summary
    assert isinstance(found.statistics, TamperingStatistics)
    signs = {e.sign: e for e in found.statistics.evidence}
    offset = signs[Sign.OFFSET]
    assert offset.p_fail is not None
    # Five ways of two methods: a gradient and a Grad-CAM, with controls apart.
    assert offset.p_fail_holm == pytest.approx(10 * offset.p_fail)
    assert (signs[Sign.AGREEMENT].p_fail, signs[Sign.REFERENCE].p_fail) == (None, None)


def test_copies_of_one_image_accuse_nobody(job: Job) -> None:
    """Their maps are one map, whatever the network: the check is invalid."""
    one = {
        i: replace(p, arrays={k: v[:1].repeat(len(v), 0) if k[0] == "logits" else v for k, v in p.arrays.items()})
        for i, p in job.partials.items()
    }
    outcome = job.outcome(partials=one)
    assert product.preflight(outcome, CHECK)["images_differ"] is False
    assert {product.check(outcome, m.label, CHECK).verdict for m in outcome.methods} == {Verdict.INVALID}
    assert "images_differ" not in product.preflight(job.outcome(), CHECK)
