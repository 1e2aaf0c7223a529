"""One network, several files: what it is judged to be must not depend on the format."""

from collections.abc import Callable
from functools import cache

import pytest

from junco.audit.pipeline.inspect import inspect
from junco.contract.catalogue import Arm, CheckName, Depth
from junco.contract.outcome import Outcome
from tests.audit.graph.onnx import zoo
from tests.truth import digits, models, product
from tests.truth.conftest import Trained

METHODS = ("gradient", "input_x_gradient", "guided_backprop", "grad_cam", "guided_grad_cam")
Judged = Callable[[str, tuple[str, ...]], Outcome]


def _file(network: object, kind: str) -> bytes:
    if kind == "traced":
        return models.as_torchscript(network, digits.SHAPE, "traced")
    return zoo.as_onnx(network, kind, shape=digits.SHAPE)


@pytest.fixture(scope="module")
def judged(small: Trained) -> Judged:
    """The quick profile on 20 digits, for a kind of file and methods; each is run once."""
    shown = small.digits[list(range(0, 50, 5)) + list(range(1, 50, 5))]

    @cache
    def judge(kind: str, methods: tuple[str, ...]) -> Outcome:
        return product.measured(_file(small.network, kind), shown, list(methods), profile="quick").outcome()

    return judge


def _words(outcome: Outcome) -> dict[tuple[str, CheckName], str]:
    return {(m.label, c.check): c.verdict for m in (*outcome.methods, *outcome.controls) for c in m.checks}


def _same(ours: Outcome, twin: Outcome, methods: tuple[str, ...]) -> None:
    """The same layers in the same order, the same verdict of every check, ceilings and kappas to 1e-3.

    Both files hold the same float32 weights and get the same draws, so that only the order of sums differs, which moves
    a map by some 1e-6; ranks of 784 places and the Grad-CAM map's of fewer may turn that into a swap or two.
    """
    assert [layer.shape for layer in ours.model.layers] == [layer.shape for layer in twin.model.layers]
    assert _words(ours) == _words(twin)
    for label in methods:
        a, b = (product.randomization(outcome, label) for outcome in (ours, twin))
        assert a.ceiling == pytest.approx(b.ceiling, abs=1e-3)
        for arm in Arm:
            for depth in Depth:
                mine, theirs = (product.depth(outcome, label, arm, depth).kappa.mean for outcome in (ours, twin))
                assert (mine is None) is (theirs is None)
                assert mine is None or mine == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("exporter", ["legacy", "dynamo", pytest.param("unfolded", marks=pytest.mark.slow)])
def test_an_onnx_file_is_judged_as_its_torchscript_twin(judged: Judged, exporter: str) -> None:
    """Passes and fails alike, under every exporter."""
    ours = judged(exporter, METHODS)
    assert {"pass", "fail"} <= set(_words(ours).values())
    _same(ours, judged("traced", METHODS), METHODS)


@pytest.mark.slow
def test_every_method_that_is_available_judges_both_files_alike(small: Trained, judged: Judged) -> None:
    """Whatever the catalogue holds: no method sees which format a network came in."""
    reports = {kind: inspect(_file(small.network, kind), input_shape=digits.SHAPE) for kind in ("legacy", "traced")}
    available = {
        kind: tuple(sorted(name for name, found in report.methods.items() if found.available))
        for kind, report in reports.items()
    }
    assert available["legacy"] == available["traced"]
    assert set(METHODS) < set(available["legacy"])
    methods = available["legacy"]
    ours, twin = judged("legacy", methods), judged("traced", methods)
    assert _words(ours) == _words(twin)
