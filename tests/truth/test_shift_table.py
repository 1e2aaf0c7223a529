"""Kindermans et al. 2017 on an MLP, as published, and on a padded CNN: who passes and who fails, in our own words."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from junco.audit.checks.shifts import bird
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.outcome import Caveat
from junco.contract.plan import ShardKind
from junco.contract.statistics import ShiftStatistics
from tests.audit.pipeline import conftest as small
from tests.truth import digits, models, product
from tests.truth.product import Job

SHIFT = CheckName.INPUT_SHIFT
KINDS = ("range", "checkerboard", "image")
EVERYWHERE, NOWHERE, CONSTANT_ONLY = (True, True, True), (False, False, False), (True, False, False)


def row(method: str, **parameters: Any) -> Any:
    """A method as a plan asks for it."""
    return {"method": method, "parameters": parameters}


FEW = {"samples": 3}
STEPS = {"steps": 4}
# Passes under a constant shift, a checkerboard, and a picture; and whether a baseline that moves along would pass.
TABLE: dict[str, tuple[Any, tuple[bool, bool, bool], bool | None]] = {
    "gradient": (row("gradient"), EVERYWHERE, None),
    "guided_backprop": (row("guided_backprop"), EVERYWHERE, None),
    "pattern_net": (row("pattern_net"), EVERYWHERE, None),
    "pattern_attribution": (row("pattern_attribution"), EVERYWHERE, None),
    "input_x_gradient": (row("input_x_gradient"), NOWHERE, None),
    "integrated_gradients(steps=4)": (row("integrated_gradients", **STEPS), NOWHERE, True),
    "integrated_gradients(baseline=black,steps=4)": (
        row("integrated_gradients", baseline="black", **STEPS), CONSTANT_ONLY, True,
    ),
    "lrp_epsilon": (row("lrp_epsilon"), NOWHERE, None),
    "lrp_z_plus": (row("lrp_z_plus"), NOWHERE, None),
    "deep_taylor(root=zero)": (row("deep_taylor", root="zero"), NOWHERE, None),
    "smoothgrad(samples=3)": (row("smoothgrad", **FEW), EVERYWHERE, None),
    "integrated_gradients_smoothgrad(samples=3,steps=4)": (
        row("integrated_gradients_smoothgrad", **STEPS, **FEW), NOWHERE, True,
    ),
    "deep_lift": (row("deep_lift"), NOWHERE, True),
    "deep_lift(baseline=black)": (row("deep_lift", baseline="black"), CONSTANT_ONLY, True),
    "occlusion(window=14,stride=14)": (row("occlusion", window=14, stride=14), NOWHERE, True),
    "occlusion(baseline=black,window=14,stride=14)": (
        row("occlusion", baseline="black", window=14, stride=14), CONSTANT_ONLY, True,
    ),
}  # fmt: skip
CAM = {"grad_cam": (row("grad_cam"), EVERYWHERE, None)}


def file(kind: str) -> bytes:
    """The paper's MLP, narrower, or a small CNN padded with zeros."""
    if kind == "cnn":
        return small.file()
    train, _ = digits.split()
    return models.as_torchscript(digits.trained(digits.mlp(), train[slice(0, 500)], epochs=2), digits.SHAPE, "traced")


@pytest.fixture(scope="module", params=["mlp", "cnn"])
def job(request: pytest.FixtureRequest) -> Job:
    """Every row of the table under every shift."""
    _, test = digits.split()
    rows = TABLE if request.param == "mlp" else {**TABLE, **CAM}
    return product.measured(
        file(request.param), test[slice(0, 12)], [asked for asked, _, _ in rows.values()], profile="quick",
        checks=[SHIFT.value],
        shift=list(KINDS),
    )  # fmt: skip


def seen(job: Job) -> Mapping[str, ShiftStatistics]:
    """Figures of each row by label."""
    outcome = job.outcome()
    return {m.label: product.shift(outcome, m.label) for m in outcome.methods}


def test_the_published_table(job: Job) -> None:
    """Each method under each shift, and again with its baseline moved: then every one of them passes."""
    found, rows = seen(job), {**TABLE, **CAM}
    assert set(found) <= set(rows)
    assert len(found) >= len(TABLE)
    for label, figures in found.items():
        _, passes, moved = rows[label]
        words = {one.kind: one.decision for one in figures.shifts}
        assert words == {k: Verdict.PASS if p else Verdict.FAIL for k, p in zip(KINDS, passes, strict=True)}, label
        for one in figures.shifts:
            assert (one.rebased is not None) is (moved is not None), label
            assert one.rebased is None or one.rebased < 1e-9, (label, one.kind, one.rebased)


def test_the_word_is_that_of_the_worst_shift(job: Job) -> None:
    """A black baseline passes m = -1 and fails the board: the method fails, by name, and moving it along is told."""
    outcome = job.outcome()
    black = product.check(outcome, "integrated_gradients(baseline=black,steps=4)", SHIFT)
    assert black.verdict is Verdict.FAIL
    assert "under the shift 'checkerboard'" in black.summary
    assert {Caveat.ENCODING, Caveat.REBASED} <= set(black.caveats)
    plain = product.check(outcome, "input_x_gradient", SHIFT)
    assert Caveat.ENCODING in plain.caveats
    assert Caveat.REBASED not in plain.caveats
    assert product.check(outcome, "gradient", SHIFT).verdict is Verdict.PASS
    assert all(product.preflight(outcome, SHIFT).values())


def test_rules_are_folded_and_the_rest_is_prepended(job: Job) -> None:
    """By the method's card."""
    found = seen(job)
    assert {label for label, figures in found.items() if figures.construction == "fold"} == {
        "pattern_net", "pattern_attribution", "lrp_epsilon", "lrp_z_plus", "deep_taylor(root=zero)", "deep_lift",
        "deep_lift(baseline=black)",
    }  # fmt: skip


def test_a_picture_is_drawn_into_the_chosen_image(job: Job) -> None:
    """Input x Gradient of the first image shows the bird after the shift and not before; the outputs stay."""
    (partial,) = [p for s, p in ((s, job.partials[s.index]) for s in product.shards(job.plan)) if s.shift == "image"]
    wanted, before, after = (torch.from_numpy(partial.arrays["picture", n]) for n in ("wanted", "before", "after"))
    assert torch.equal(wanted, bird(wanted).to(wanted.dtype))

    def alike(values: torch.Tensor) -> float:
        return float(torch.corrcoef(torch.stack([wanted.flatten(), values.flatten()]))[0, 1])

    # The clip spares 95 % of the bird's pixels that the model does not ignore.
    assert alike(after) > 0.8
    assert abs(alike(before)) < 0.5
    moved = partial.arrays["input_x_gradient", "maps"][0]
    assert abs(moved[1] - after.numpy()).max() <= 1e-5 * abs(moved[1]).max()
    reach = abs(partial.arrays["shift", "m"]).max()
    assert reach == pytest.approx(3.0)


def test_each_shift_is_a_shard_with_its_price(job: Job) -> None:
    """Every method twice, those with a baseline once more, and two passes for the picture."""
    pieces = [s for s in product.shards(job.plan) if s.kind is ShardKind.SHIFT]
    assert [s.shift for s in pieces] == list(KINDS)
    plain, board, image = (s.cost for s in pieces)
    assert plain == board == image - 2
