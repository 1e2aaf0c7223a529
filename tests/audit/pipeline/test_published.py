"""Evidence that never decides: a paper's statistics, other norm policies, entropy, and smoothed maps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch import nn

from junco.audit.partial import Key
from junco.audit.pipeline.draw import draw
from junco.audit.pipeline.merge import of_kind
from junco.contract.catalogue import Arm, Depth
from junco.contract.outcome import Caveat, Outcome
from junco.contract.plan import ShardKind
from junco.contract.randomization import NormPolicy, Order
from junco.contract.statistics import PublishedStatistics
from tests.truth import digits, models, product
from tests.truth.product import Job

METHODS = ["gradient", "grad_cam"]


def network() -> nn.Sequential:
    """A convolution with its norm, weights and statistics settled; nothing here depends on training."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 10),
    )  # fmt: skip


def measured(**fields: Any) -> Job:
    """14 digits under the quick profile."""
    _, test = digits.split()
    file = models.as_torchscript(models._settled(network(), seed=4), digits.SHAPE, "traced")
    given: dict[str, Any] = {"profile": "quick", "checks": ["parameter_randomization"], **fields}
    return product.measured(file, test[slice(0, 14)], METHODS, **given)


@pytest.fixture(scope="module")
def sixt() -> Job:
    """Sixt et al.'s form, one layer at a time, with smoothed maps of few samples."""
    return measured(convention="sixt", randomization={"order": "independent", "smooth": True})


@pytest.fixture(scope="module")
def outcome(sixt: Job) -> Outcome:
    """What is concluded from it."""
    return sixt.outcome()


def of(outcome: Outcome, label: str, name: str) -> list[PublishedStatistics]:
    """One statistic by stage."""
    return [s for s in product.randomization(outcome, label).published if s.name == name]


def test_sixts_statistic_is_a_median_with_a_bootstrap_interval(sixt: Job, outcome: Outcome) -> None:
    """Median of the images' means over seeds; its 99 % percentile interval holds it and is not a point."""
    found = of(outcome, "gradient", "ssim")
    assert [s.stage for s in found] == list(sixt.plan.stages) == [1, 2, 3]
    assert [s.layer for s in found] == list(reversed(sixt.plan.steps))
    rows = np.full((14, 3), np.nan)
    for shard, partial in of_kind(sixt.plan, sixt.partials, ShardKind.CELLS):
        for cell in shard.cells:
            rows[list(shard.images), cell.seed] = partial.arrays["gradient", "reinit", str(cell.seed), "1", "ssim"]
    first = found[0]
    assert first.value == pytest.approx(np.median(rows.mean(1)))
    assert first.level == 0.99
    assert (first.images, first.seeds) == (14, 3)
    assert first.lower is not None
    assert first.upper is not None
    assert first.value is not None
    assert first.lower < first.value < first.upper


def test_layers_drawn_alone_must_each_have_changed_the_model(sixt: Job, outcome: Outcome) -> None:
    """Preflight at both deciding depths, and a sentence that says which layer was random."""
    held = product.preflight(outcome, sixt.plan.checks[0])
    assert {"model_changed_reinit", "model_changed_reinit_top"} <= set(held)
    assert all(m.checks[0].summary.endswith("on networks randomised as by sixt).") for m in outcome.methods)


def test_smoothed_maps_go_from_the_input_up(sixt: Job, outcome: Outcome) -> None:
    """Smooth MPRT at three depths of ten images, counted from the first layer; what is averaged still changes."""
    found = of(outcome, "gradient", "smooth")
    assert [(s.stage, s.layer, s.images) for s in found] == [
        (stage, sixt.plan.steps[stage - 1], 10) for stage in (1, 2, 3)
    ]
    assert all(s.order is Order.BOTTOM_UP for s in found)
    assert all(s.value is not None and s.value < 0.9 for s in found)


def test_other_norm_policies_are_reported_beside_the_own(outcome: Outcome) -> None:
    """Under Sixt's reset: statistics estimated again, and kept, on the same draws."""
    found = {p.policy: p for p in product.randomization(outcome, "gradient").policies}
    assert set(found) == {NormPolicy.RE_ESTIMATE, NormPolicy.KEEP}
    assert found[NormPolicy.KEEP].kappa != found[NormPolicy.RE_ESTIMATE].kappa
    assert found[NormPolicy.KEEP].own == found[NormPolicy.RE_ESTIMATE].own
    assert all((p.images, p.seeds) == (12, 2) for p in found.values())


@pytest.mark.parametrize(("moved", "said"), [(0.0, False), (0.1, False), (0.6, True)])
def test_a_policy_that_would_turn_the_word_is_a_caveat(sixt: Job, moved: float, said: bool) -> None:
    """kappa moved by more than lies between tau_pass and tau_fail, and by less."""

    def same(key: Key) -> bool:
        return key[0] == "gradient" and key[-1] in ("rho", "floor") and len(key) == 5

    found = of_kind(sixt.plan, sixt.partials, ShardKind.CELLS)
    cells = {key: value for _, p in found for key, value in p.arrays.items()}
    partials = dict(sixt.partials)
    for shard, partial in of_kind(sixt.plan, sixt.partials, ShardKind.NORM_POLICIES):
        places = {image: i for i, image in enumerate(sixt.plan.groups[0])}
        rows = [places[image] for image in shard.images]
        arrays = {k: cells[k][rows] if same(k) else v for k, v in partial.arrays.items()}
        room = 1 - np.mean([v for k, v in arrays.items() if same(k) and k[-1] == "floor"])
        lifted = {k: v.astype(float) + moved * room if same(k) and k[-1] == "rho" else v for k, v in arrays.items()}
        partials[shard.index] = replace(partial, arrays=lifted)
    check = product.check(sixt.outcome(partials=partials), "gradient")
    assert (Caveat.BN_POLICY_DISAGREEMENT in check.caveats) is said


def test_the_report_shows_the_evidence_beside_the_verdicts(sixt: Job, outcome: Outcome) -> None:
    """Both policies, the paper's statistic and the smoothed one; depths and strip in the words of the order."""
    _, pictures = draw(outcome, sixt.partials, np.zeros((2, 28, 28, 3), dtype=np.uint8))
    page = next(p.data.decode() for p in pictures if p.name == "report.html")
    for words in ("running statistics kept", "running statistics estimated again", "ssim", "99% interval", "smooth"):
        assert words in page
    assert "middle layer" in page
    assert "the named layer alone is redrawn" in page
    assert "upper half" not in page


def test_entropy_is_compared_with_the_trained_networks(sixt: Job, outcome: Outcome) -> None:
    """Efficient MPRT at full depth: the mean of (xi_rand - xi) / xi; nowhere else."""
    ratios = []
    for _, partial in of_kind(sixt.plan, sixt.partials, ShardKind.CELLS):
        before = partial.arrays["gradient", "original", "complexity"].astype(float)
        after = [partial.arrays["gradient", "reinit", str(s), "3", "complexity"].astype(float) for s in range(3)]
        ratios += [(a - before) / before for a in after]
    full = product.depth(outcome, "gradient", Arm.REINIT, Depth.FULL)
    assert full.secondary["efficient"] == pytest.approx(float(np.mean(ratios)), rel=1e-6)
    assert "efficient" not in product.depth(outcome, "gradient", Arm.REINIT, Depth.TOP).secondary
