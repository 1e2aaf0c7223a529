"""One network, three files: scripted, traced and frozen must be judged alike."""

import pytest

from junco.contract.catalogue import Arm, CheckName, Depth
from junco.contract.outcome import Outcome
from tests.truth import digits, models, product
from tests.truth.conftest import Trained

METHODS = ["gradient", "guided_backprop", "grad_cam", "guided_grad_cam", "input_x_gradient", "edge_x_gradient"]


@pytest.fixture(scope="module")
def outcomes(small: Trained) -> dict[str, Outcome]:
    """The narrow CNN's 20 digits under the quick profile, per kind of file."""
    shown = small.digits[list(range(0, 50, 5)) + list(range(1, 50, 5))]
    return {
        kind: product.measured(
            models.as_torchscript(small.network, digits.SHAPE, kind), shown, METHODS, profile="quick"
        ).outcome()
        for kind in models.KINDS
    }


@pytest.mark.parametrize("kind", ["scripted", "frozen"])
def test_verdicts_do_not_depend_on_the_file(outcomes: dict[str, Outcome], kind: models.Kind) -> None:
    """Every method and control, check by check."""

    def words(outcome: Outcome) -> dict[tuple[str, CheckName], str]:
        return {(m.label, c.check): c.verdict for m in (*outcome.methods, *outcome.controls) for c in m.checks}

    assert words(outcomes[kind]) == words(outcomes["traced"])


@pytest.mark.parametrize("kind", ["scripted", "frozen"])
@pytest.mark.parametrize("label", METHODS)
def test_kappas_do_not_depend_on_the_file(outcomes: dict[str, Outcome], kind: models.Kind, label: str) -> None:
    """Same layers, same names, same draws: ceilings, edges and kappas to 1e-6."""
    ours, traced = outcomes[kind], outcomes["traced"]
    assert [layer.shape for layer in ours.model.layers] == [layer.shape for layer in traced.model.layers]
    mine, theirs = product.randomization(ours, label), product.randomization(traced, label)
    assert mine.ceiling == pytest.approx(theirs.ceiling, abs=1e-6)
    assert mine.edge_similarity == pytest.approx(theirs.edge_similarity, abs=1e-6)
    for arm in Arm:
        for depth in Depth:
            a, b = (product.depth(o, label, arm, depth).kappa.mean for o in (ours, traced))
            assert (a is None) is (b is None)
            if a is not None:
                assert a == pytest.approx(b, abs=1e-6)
