"""Gradient and CAM families on the digits CNN: the published pattern, and two controls that know no model."""

import pytest

from junco.contract.catalogue import METHODS, CheckName, Control, Verdict
from junco.contract.outcome import Outcome
from tests.truth import product
from tests.truth.conftest import Trained

pytestmark = pytest.mark.slow

METHOD_SETTINGS: dict[str, dict[str, object]] = {
    "gradient": {"beta": 1.0},
    "vargrad": {"samples": 12},
    "gradient_shap": {"samples": 16},
    "expected_gradients": {"samples": 40},
    "integrated_gradients_smoothgrad": {"samples": 3, "steps": 16},
    "grad_cam_plus_plus": {},
    "layer_cam": {},
    "random_weights": {},
    "input_only": {},
}
P, F = Verdict.PASS, Verdict.FAIL


@pytest.fixture(scope="module")
def outcome(small: Trained) -> Outcome:
    """25 digits, profile quick."""
    asked = [{"method": name, "parameters": parameters} for name, parameters in METHOD_SETTINGS.items()]
    chosen = small.digits[list(range(0, 50, 2))]
    checks = ["parameter_randomization", "input_shift"]
    return product.measured(small.file, chosen, asked, profile="quick", checks=checks).outcome()


def labelled(outcome: Outcome, name: str) -> str:
    """The method's full label."""
    return next(m.label for m in (*outcome.methods, *outcome.controls) if m.label.partition("(")[0] == name)


@pytest.mark.parametrize(
    ("name", "randomised", "shifted"),
    [
        ("vargrad", P, P),
        ("gradient_shap", P, F),
        ("expected_gradients", P, P),
        ("integrated_gradients_smoothgrad", P, F),
        ("grad_cam_plus_plus", F, P),
        ("random_weights", F, P),
        ("input_only", F, F),
    ],
)
def test_verdicts_follow_the_literature(outcome: Outcome, name: str, randomised: Verdict, shifted: Verdict) -> None:
    """What depends on learned weights passes; what starts at a fixed zero moves with the shift (Kindermans et al.).

    Grad-CAM++ weighs no channel below zero: on maps behind a ReLU it is nearly the mean activation of the trained
    layer, which destroying the classifier above leaves as it is.
    """
    label = labelled(outcome, name)
    assert product.check(outcome, label).verdict is randomised, product.check(outcome, label).summary
    assert product.check(outcome, label, CheckName.INPUT_SHIFT).verdict is shifted
    if name in set(Control):
        assert METHODS[Control(name)].expected is randomised


def test_smoothed_gradients_pass_as_gradients_do(outcome: Outcome) -> None:
    """gradient(beta=1) is another row than the gradient that every job carries, and passes with it."""
    words = {m.label: product.check(outcome, m.label).verdict for m in (*outcome.methods, *outcome.controls)}
    assert words["gradient(beta=1.0)"] is P
    assert words["gradient"] is P


@pytest.mark.parametrize("name", ["gradient_shap", "expected_gradients", "integrated_gradients_smoothgrad"])
def test_completeness_is_reported(outcome: Outcome, name: str) -> None:
    """Few samples at stratified places miss well under a twentieth of the logit."""
    found = product.randomization(outcome, labelled(outcome, name)).completeness
    assert found is not None
    assert 0 < found < 0.02
