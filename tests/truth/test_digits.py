"""The digits regression: verdicts, kappas and similarities of a known network against tables of another's making.

The tables were computed once, by a script of numpy, scikit-image and PyTorch alone, before this code was written: 50
images and 5 seeds, a CNN of 97.5 % test accuracy trained on the same digits. Pass and fail under input_shift are the
pattern of Kindermans et al. (2017).
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from junco.audit.engine import LocalEngine
from junco.contract.catalogue import METHODS, Arm, CheckName, Control, Depth, Method, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Caveat, Outcome
from tests.truth import product
from tests.truth.conftest import Trained

MPRT, SHIFT = CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT
P, F, Q, X = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID

# Fewer samples than the defaults: SmoothGrad at 4 agrees with itself, and 8 quadrature points are complete to 5 %.
SMOOTHGRAD = {"method": "smoothgrad", "parameters": {"samples": 4}}
IG = {"method": "integrated_gradients", "parameters": {"steps": 8}}
IG_BLACK = {"method": "integrated_gradients", "parameters": {"steps": 8, "baseline": "black"}, "checks": [SHIFT.value]}
SHARED = ["gradient", "input_x_gradient", "guided_backprop"]
CHEAP = ["gradient", "input_x_gradient", "guided_backprop", "guided_grad_cam", "grad_cam"]
FULL_NAME = {"smoothgrad": "smoothgrad(samples=4)", "integrated_gradients": "integrated_gradients(steps=8)"}


def checked(found: Trained, methods: list[object], out: Path) -> Outcome:
    """Files on a disk through the engine that the command line uses."""
    files = product.files_of(found.digits)
    (out / "model.pt").write_bytes(found.file)
    (out / "digits.npz").write_bytes(files[0][1])
    request = product.asked(found.file, files, methods, checks=[MPRT.value, SHIFT.value])
    images = ImageSet.of((files[0][0],))
    return LocalEngine(threads=1).check(out / "model.pt", images, [out / "digits.npz"], request, out=out / "result")


@pytest.fixture(scope="module")
def narrow(small: Trained, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Methods of many passes on the narrow CNN, N=50, S=5."""
    methods = [*SHARED, SMOOTHGRAD, IG, IG_BLACK]
    return checked(small, methods, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def paper(adebayo: Trained, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Methods of few passes and all controls on the paper's CNN, N=50, S=5."""
    return checked(adebayo, [*CHEAP, *(c.value for c in Control)], tmp_path_factory.mktemp("adebayo"))


@pytest.fixture(params=["paper", "narrow"])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """Either network's."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Outcome)
    return found


@pytest.fixture
def judged(request: pytest.FixtureRequest, label: str) -> tuple[Outcome, str]:
    """The outcome that ``label`` was measured in, and its full label."""
    name = "narrow" if label.startswith(("smoothgrad", "integrated_gradients")) else "paper"
    found = request.getfixturevalue(name)
    assert isinstance(found, Outcome)
    return found, FULL_NAME.get(label, label)


def test_the_networks_have_learned(small: Trained, adebayo: Trained, perceptron: Trained) -> None:
    """The tables' CNN has 97.5 % test accuracy; the MLP less; each is judged on five digits a class that it knows."""
    assert adebayo.accuracy > 0.96
    for found in (small, adebayo, perceptron):
        assert found.accuracy > 0.92
        assert sorted(found.digits.labels.tolist()) == sorted(list(range(10)) * 5)


def test_the_sample_is_that_of_the_table(outcome: Outcome) -> None:
    """N=50 images, S=5 seeds, profile standard, all rightly classified, every preflight held."""
    assert len(outcome.plan.selected) == 50
    assert outcome.plan.profile.seeds == 5
    assert outcome.images.accuracy == 1.0
    for check in (MPRT, SHIFT):
        held = product.preflight(outcome, check)
        assert all(held.values()), held
    assert "accuracy_at_chance" in product.preflight(outcome)
    assert outcome.model.coverage.fraction == 1.0


@pytest.mark.parametrize(
    ("label", "word"),
    [
        (Method.GRADIENT, P), (Method.SMOOTHGRAD, P), (Method.INPUT_X_GRADIENT, P), (Method.INTEGRATED_GRADIENTS, P),
        (Method.GUIDED_BACKPROP, F), (Method.GUIDED_GRAD_CAM, Q), (Method.GRAD_CAM, P), (Control.EDGE_DETECTOR, F),
        (Control.GAUSSIAN_NOISE, X), (Control.CONSTANT, X), (Control.FIXED_PRIOR, F), (Control.EDGE_X_GRADIENT, P),
    ],
)  # fmt: skip
def test_parameter_randomization_says_what_the_table_says(
    judged: tuple[Outcome, str], label: str, word: Verdict
) -> None:
    """The tables' verdicts, and every control's expectation in the catalogue."""
    found = product.check(*judged)
    assert found.verdict is word, found.summary
    expected = METHODS[Method(label) if label in set(Method) else Control(label)].expected
    assert expected in (None, word)


@pytest.mark.parametrize("label", SHARED)
def test_a_narrower_network_gets_the_same_verdicts(paper: Outcome, narrow: Outcome, label: str) -> None:
    """Conv 32, 64, fc 1024 or a quarter of it: the same words."""
    assert product.check(paper, label).verdict is product.check(narrow, label).verdict


# Kappa at top and full on the paper's CNN.
KAPPA: Mapping[str, tuple[float, float]] = {
    "gradient": (0.01, 0.00),
    "input_x_gradient": (0.03, 0.01),
    "guided_backprop": (0.72, 0.31),
    "grad_cam": (-0.07, -0.01),
}


@pytest.mark.parametrize("arm", list(Arm))
@pytest.mark.parametrize("label", KAPPA)
def test_kappas_are_those_of_the_table(paper: Outcome, label: str, arm: Arm) -> None:
    """Within .08; Grad-CAM, of 14 x 14 cells and zero maps, within .25."""
    tolerance = 0.25 if label == "grad_cam" else 0.08
    for depth, expected in zip((Depth.TOP, Depth.FULL), KAPPA[label], strict=True):
        assert product.kappa(paper, label, arm, depth) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("arm", list(Arm))
@pytest.mark.parametrize(
    ("label", "expected", "tolerance"),
    [("gradient", 0.10, 0.20), ("input_x_gradient", 0.11, 0.20), ("guided_backprop", 0.85, 0.08)],
)
def test_the_logit_layer_alone_is_reported(
    paper: Outcome, label: str, expected: float, tolerance: float, arm: Arm
) -> None:
    """The tables' first column. Ten logits redrawn five times leave the signed methods an interval of .12 a side."""
    assert product.kappa(paper, label, arm, Depth.LOGIT) == pytest.approx(expected, abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("arm", list(Arm))
def test_sampled_methods_have_the_tables_kappas_too(
    adebayo: Trained, tmp_path_factory: pytest.TempPathFactory, arm: Arm
) -> None:
    """SmoothGrad .01 .01 and IG .03 .01 on the paper's CNN, within .08."""
    found = checked(adebayo, [SMOOTHGRAD, IG], tmp_path_factory.mktemp("sampled"))
    for label, expected in (("smoothgrad", (0.01, 0.01)), ("integrated_gradients", (0.03, 0.01))):
        for depth, value in zip((Depth.TOP, Depth.FULL), expected, strict=True):
            assert product.kappa(found, FULL_NAME[label], arm, depth) == pytest.approx(value, abs=0.08)


def test_guided_backprop_follows_the_lower_layers_only(outcome: Outcome) -> None:
    """The 2018 paper's erratum: invariant to the upper half, not to all; kappa falls by half or more at full depth."""
    for arm in Arm:
        top, full = (product.kappa(outcome, "guided_backprop", arm, d) for d in (Depth.TOP, Depth.FULL))
        assert top > 0.5 > full
        assert full < 0.6 * top
    assert Caveat.SHALLOW_INVARIANCE in product.check(outcome, "guided_backprop").caveats


@pytest.mark.parametrize("label", ["input_x_gradient", "integrated_gradients(steps=8)", "edge_x_gradient"])
def test_maps_that_only_change_sign_pass_with_caveats(judged: tuple[Outcome, str], label: str) -> None:
    """The magnitudes look alike before and after, since they are the input's."""
    caveats = product.check(*judged).caveats
    assert {Caveat.SIGN_ONLY, Caveat.INPUT_DOMINATED, Caveat.NECESSARY_NOT_SUFFICIENT} <= set(caveats)


def test_the_plain_gradients_magnitudes_change_too(paper: Outcome) -> None:
    """No sign-only caveat, and fewer edges than in what is multiplied with the input."""
    assert Caveat.SIGN_ONLY not in product.check(paper, "gradient").caveats
    plain, painted = (product.randomization(paper, m).edge_similarity for m in ("gradient", "edge_x_gradient"))
    assert plain is not None
    assert painted is not None
    assert plain < 0.7 < 0.9 < painted


def test_ceilings_are_those_of_the_table(narrow: Outcome) -> None:
    """1 without randomness, near 1 for SmoothGrad, .03 for noise, none for a constant."""

    def ceiling(label: str) -> float | None:
        return product.randomization(narrow, label).ceiling

    assert ceiling("gradient") == ceiling("guided_backprop") == pytest.approx(1.0, abs=1e-6)
    assert ceiling("gaussian_noise") == pytest.approx(0.03, abs=0.015)
    assert ceiling("constant") is None
    smooth = ceiling("smoothgrad(samples=4)")
    assert smooth is not None
    assert 0.85 < smooth < 1.0


def test_integrated_gradients_are_complete(narrow: Outcome) -> None:
    """Preflight (e): the median residual stays within 5 %."""
    found = product.randomization(narrow, "integrated_gradients(steps=8)").completeness
    assert found is not None
    assert found <= 0.05


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("gradient", P),
        ("guided_backprop", P),
        ("grad_cam", P),
        ("guided_grad_cam", P),
        ("smoothgrad(samples=4)", P),
        ("input_x_gradient", F),
        ("integrated_gradients(steps=8)", F),
        ("integrated_gradients(baseline=black,steps=8)", P),
    ],
)
def test_input_shift_says_what_the_2017_paper_says(judged: tuple[Outcome, str], label: str, word: Verdict) -> None:
    """Kindermans et al. 2017, figures 2 to 4, m = -1, on a padded CNN."""
    outcome, _ = judged
    assert product.check(outcome, label, SHIFT).verdict is word
    found = product.shift(outcome, label)
    assert found.shift == (-1.0,)
    assert found.difference is not None
    assert found.difference > 0.5 if word is F else found.difference < 1e-9
    assert (Caveat.ENCODING in product.check(outcome, label, SHIFT).caveats) is (word is F)


def test_input_shift_on_an_mlp_is_the_same_pattern(perceptron: Trained) -> None:
    """The paper's own kind of network; without a spatial layer Grad-CAM is not run."""
    methods = ["gradient", "guided_backprop", SMOOTHGRAD, "input_x_gradient", IG, IG_BLACK, "grad_cam"]
    found = product.measured(perceptron.file, perceptron.digits, methods, checks=[SHIFT.value]).outcome()
    assert {m.label: m.verdict for m in found.methods} == {
        "gradient": P,
        "guided_backprop": P,
        "smoothgrad(samples=4)": P,
        "input_x_gradient": F,
        "integrated_gradients(steps=8)": F,
        "integrated_gradients(baseline=black,steps=8)": P,
        "grad_cam": Verdict.NOT_RUN,
    }
    held = product.preflight(found, SHIFT)
    assert held == {"same_outputs_prepend": True, "same_outputs_fold": True}


def test_guided_backprop_loses_everything_in_an_mlp(perceptron: Trained) -> None:
    """Nie 2018: it survives full randomisation through local connections only; Adebayo's MLP .044, CNN .444."""
    found = product.measured(perceptron.file, perceptron.digits, ["guided_backprop"], checks=[MPRT.value]).outcome()
    for arm in Arm:
        statistics = product.depth(found, "guided_backprop", arm, Depth.FULL)
        assert statistics.rho.mean is not None
        assert statistics.rho.mean < 0.15
        assert product.kappa(found, "guided_backprop", arm, Depth.TOP) > 0.5


def test_the_overall_word_is_the_worst_methods(outcome: Outcome) -> None:
    """Guided Backpropagation fails, so the job's word is fail, and the summary names it."""
    assert outcome.verdict is F
    assert "guided_backprop" in outcome.summary
    assert {c.value for c in Control} >= {m.label for m in outcome.controls}
