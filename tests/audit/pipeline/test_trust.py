"""When a judgement loses its word."""

import pytest

from junco.audit.pipeline.trust import enough, withdrawn
from junco.audit.verdict import ShiftJudgement
from junco.contract.catalogue import Verdict
from junco.contract.outcome import Preflight
from junco.contract.profile import PROFILES

PROFILE = PROFILES["standard"]


def judged(verdict: Verdict) -> ShiftJudgement:
    """Any judgement."""
    return ShiftJudgement(verdict=verdict, reason="it moved", difference=0.5, rho=0.2)


def test_a_broken_preflight_takes_every_word() -> None:
    """Even a doubt: what was measured means nothing. Numbers stay, and one that holds changes nothing."""
    broken = Preflight(name="parity", holds=False, detail="off by half")
    found = withdrawn(judged(Verdict.INCONCLUSIVE), broken)
    assert found.verdict is Verdict.INVALID
    assert found.reason == "the preflight 'parity' does not hold: off by half"
    assert found.difference == 0.5
    sound = broken.model_copy(update={"holds": True})
    assert withdrawn(judged(Verdict.FAIL), sound) == judged(Verdict.FAIL)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_too_few_images_decide_nothing(verdict: Verdict) -> None:
    """A pass and a fail become a doubt that keeps its reason; other words, and enough images, change nothing."""
    least = PROFILE.images_minimum
    found = enough(judged(verdict), least - 1, PROFILE)
    if verdict in (Verdict.PASS, Verdict.FAIL):
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.reason.startswith(f"it moved; but {least - 1} images are too few for a verdict")
    else:
        assert found == judged(verdict)
    assert enough(judged(verdict), least, PROFILE) == judged(verdict)
