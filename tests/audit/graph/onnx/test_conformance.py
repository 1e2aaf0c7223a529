"""ONNX's own conformance suite: nothing is wrong, and the page under docs/ says what is passed and what refused."""

import pytest

from tests.audit.graph.onnx.conformance import DOCUMENT, cases, document, outcome


@pytest.mark.parametrize("kind", ["simple", "pytorch-converted", "pytorch-operator"])
def test_models_exported_from_pytorch_answer_as_the_suite_says(kind):
    """Every case that is in scope passes."""
    results = [outcome(case) for case in cases((kind,))]
    assert {name for name, _ in results} <= {"passed", "out of scope"}, [why for _, why in results if why]


@pytest.mark.slow
def test_the_whole_suite_is_as_documented():
    """The committed table is what the suite gives today, and nobody finds a wrong answer in it."""
    page = document()
    assert page == DOCUMENT.read_text()
    rows = [row.split("|") for row in page.splitlines() if row.startswith("| ") and not row.startswith("| kind")]
    assert [int(row[-2]) for row in rows] == [0, 0, 0, 0]
