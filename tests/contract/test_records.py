"""What methods were judged on the reference models, and with which parameters."""

import pytest

from junco.contract.catalogue import METHODS, CheckName, Method, Verdict, records
from junco.contract.facts import facts
from junco.contract.resources import shown

LEAN = {"net": {"smoothgrad(samples=8)": {"class_sensitivity": "pass"}}}
BOTH = {"net": {"smoothgrad": {"class_sensitivity": "fail"}, **LEAN["net"]}}


@pytest.fixture
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records as a file may have them."""
    monkeypatch.setattr(records, "_records", lambda: request.param)


@pytest.mark.parametrize("kept", [LEAN], indirect=True)
def test_a_record_of_fewer_samples_says_so(kept: None) -> None:
    """It stands for the method, with what was given."""
    assert records.record(Method.SMOOTHGRAD) == {"net": {CheckName.CLASS_SENSITIVITY: Verdict.PASS}}
    assert records.lean(Method.SMOOTHGRAD) == {"net": "samples=8"}
    assert records.record(Method.INTEGRATED_GRADIENTS_SMOOTHGRAD) == {}


@pytest.mark.parametrize("kept", [BOTH], indirect=True)
def test_a_record_at_the_defaults_comes_first(kept: None) -> None:
    """Fewer samples stood in for it only while it was not measured."""
    assert records.record(Method.SMOOTHGRAD) == {"net": {CheckName.CLASS_SENSITIVITY: Verdict.FAIL}}
    assert records.lean(Method.SMOOTHGRAD) == {}


def test_the_catalogue_tells_what_was_given() -> None:
    """After the verdicts, in brackets."""
    card = shown(METHODS[Method.GRADIENT]).model_copy(update={"judged_with": {"digits": "beta=1"}})
    assert facts(card)["Judged on `digits`"].endswith("(with beta=1)")
