"""Whole audits of files that only their own executor can run: verdicts on occlusion, reasons for the rest."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from junco.audit.engine import LocalEngine
from junco.contract.catalogue import Arm, CheckName, Depth, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Caveat, Outcome
from tests.truth import digits, models, opaque, product
from tests.truth.conftest import Trained
from tests.truth.digits import Digits

MPRT, SHIFT = CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT
P, F, X, N = Verdict.PASS, Verdict.FAIL, Verdict.INVALID, Verdict.NOT_RUN


def occlusion(baseline: str) -> dict[str, object]:
    """49 windows side by side: a quarter of the default's passes."""
    return {"method": "occlusion", "parameters": {"window": 4, "stride": 4, "baseline": baseline}}


ZERO, MEAN = (f"occlusion(baseline={b},window=4,stride=4)".replace("baseline=zero,", "") for b in ("zero", "mean"))
METHODS = [occlusion("zero") | {"checks": [SHIFT.value]}, occlusion("mean"), "gradient", "grad_cam", "edge_x_gradient"]
QUICK = {"profile": "quick"}


@pytest.fixture(scope="module")
def some(small: Trained) -> Digits:
    """Twelve digits that the network knows."""
    return small.digits[list(range(0, 48, 4))]


@pytest.fixture(scope="module")
def report(small: Trained, some: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained CNN as an ONNX file with a loop, through the engine that the command line uses."""
    out = tmp_path_factory.mktemp("onnx")
    files, model = product.files_of(some), opaque.looped(small.network, digits.SHAPE, softmax="Softmax")
    (out / "model.onnx").write_bytes(model)
    (out / "digits.npz").write_bytes(files[0][1])
    request = product.asked(model, files, METHODS, **QUICK)
    images = ImageSet.of((files[0][0],))
    LocalEngine(threads=1).check(out / "model.onnx", images, [out / "digits.npz"], request, out=out / "result")
    return out / "result"


@pytest.fixture(scope="module")
def outcome(report: Path) -> Outcome:
    return Outcome.model_validate_json((report / "outcome.json").read_bytes())


def test_occlusion_passes_on_what_the_network_has_learned(outcome: Outcome) -> None:
    """The map is lost with the parameters, in both arms and at both depths."""
    found = product.check(outcome, MEAN)
    assert found.verdict is P, found.summary
    assert all(product.preflight(outcome).values())


def test_controls_get_their_verdicts_without_gradients(outcome: Outcome) -> None:
    """The edge detector fails, noise and the constant are invalid; the gradient says why it is not there."""
    words = {m.label: product.check(outcome, m.label).verdict for m in outcome.controls}
    assert {label: words[label] for label in ("edge_detector", "gaussian_noise", "constant")} == {
        "edge_detector": F,
        "gaussian_noise": X,
        "constant": X,
    }
    assert Caveat.NO_GRADIENT_CONTROL in product.check_run(outcome).caveats


@pytest.mark.parametrize("label", ["gradient", "grad_cam", "edge_x_gradient"])
@pytest.mark.parametrize("check", [MPRT, SHIFT])
def test_what_needs_gradients_is_not_run_with_the_reason(outcome: Outcome, label: str, check: CheckName) -> None:
    """The operator that is in the way is named."""
    found = product.check(outcome, label, check)
    assert found.verdict is N
    assert "gives no gradients" in found.summary
    assert "Loop" in found.summary


def test_a_fill_that_stays_fails_the_shift_and_one_that_moves_passes(outcome: Outcome) -> None:
    """In float32, with outputs equal to the last bit: pixels and shift lie on one grid."""
    assert product.check(outcome, ZERO, SHIFT).verdict is F
    assert product.check(outcome, MEAN, SHIFT).verdict is P
    assert product.shift(outcome, MEAN).dtype == "float32"
    held = product.check_run(outcome, SHIFT).preflight
    assert [(p.name, p.holds) for p in held] == [("same_outputs_prepend", True)]
    assert "0.0e+00" in held[0].detail


def test_the_report_says_who_computed_and_what_was_lost(report: Path) -> None:
    """Format, executor and warnings, in the JSON that programs read; the page is written too."""
    model = json.loads((report / "outcome.json").read_text())["model"]
    assert (model["format"], model["executor"]) == ("onnx", "onnxruntime")
    assert any("no graph with gradients" in warning for warning in model["warnings"])
    assert "Loop" in (report / "report.html").read_text()


@pytest.mark.slow
def test_a_black_box_is_judged_as_its_twin(small: Trained, some: Digits, outcome: Outcome) -> None:
    """Same draws, same maps: kappa of the importable file within 1e-3."""
    twin = product.measured(small.file, some, [occlusion("mean")], checks=[MPRT.value], **QUICK).outcome()
    for arm in Arm:
        for depth in (Depth.TOP, Depth.FULL):
            mine, theirs = (product.kappa(o, MEAN, arm, depth) for o in (outcome, twin))
            assert mine == pytest.approx(theirs, abs=1e-3)


def clouds(count: int = 12) -> Digits:
    """Smooth random images, all different, with light in every corner."""
    noise = torch.rand(count, 1, 7, 7, generator=torch.Generator().manual_seed(4))
    pixels = functional.interpolate(noise, size=(28, 28), mode="bilinear")[:, 0]
    return Digits((pixels * 255).round().byte().numpy(), np.zeros(count, np.int64))


def branching(network: nn.Module, **fields: object) -> Outcome:
    """``network`` as a program that branches on its data, under the first check."""
    file = opaque.scripted(models._settled(network, seed=1))
    given = {"checks": [MPRT.value], **QUICK, **fields}
    return product.measured(file, clouds(), [occlusion("mean")], labels=False, **given).outcome()


def test_occlusion_fails_where_the_parameters_do_not_make_the_map() -> None:
    """A path without weights rules all windows but one: every answer changes with the weights, the map does not."""
    found = branching(opaque.Bypassed())
    assert found.model.executor == "torchscript"
    assert product.check(found, MEAN).verdict is F
    assert all(product.kappa(found, MEAN, arm, Depth.FULL) > 0.8 for arm in Arm)


def test_nothing_is_said_where_the_parameters_change_nothing() -> None:
    """The randomised model answers as the trained one: invalid, never fail."""
    found = branching(opaque.Deaf())
    assert product.check(found, MEAN).verdict is X
    assert product.preflight(found)["model_changed_reinit"] is False
