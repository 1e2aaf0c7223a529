"""When a judgement loses its word."""

import pytest

from junco.audit.pipeline.trust import _grounded, enough, misjudged, too_few, withdrawn
from junco.audit.verdict import Judged, ShiftJudgement
from junco.audit.verdict.word import forecast
from junco.contract.catalogue import Control, Verdict
from junco.contract.outcome import Caveat, Preflight
from junco.contract.profile import PROFILES
from junco.contract.statistics import Sample

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
    """A pass, a fail and a doubt become one that says so and keeps its reason; enough images change nothing."""
    least = PROFILE.images_minimum
    found = enough(judged(verdict), least - 1, PROFILE)
    if verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE):
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.reason.startswith(f"it moved; but {least - 1} images are too few for a verdict")
    else:
        assert found == judged(verdict)
    assert enough(judged(verdict), least, PROFILE) == judged(verdict)
    assert too_few(least - 1, PROFILE) == (Caveat.TOO_FEW_IMAGES,)
    assert too_few(least, PROFILE) == ()


def test_what_few_images_would_need_is_no_forecast() -> None:
    """Two images said that three would decide, and the profile takes no word from three."""
    said, needed = forecast((Verdict.INCONCLUSIVE, "it may move"), lambda: Sample(images=3, draws=4))
    found = enough(Judged("m", *said, needed=needed), 2, PROFILE)
    assert found.missing is None
    assert found.summary == f"m: it may move; but {_FEW}."
    (alone,) = _grounded({"m": Judged("m", *said, needed=needed)}, (), _Two()).values()  # type: ignore[arg-type]  # its size
    assert (alone.missing, alone.reason) == (None, _FEW)


_FEW = "2 images are too few for a verdict; the profile standard needs 20"


class _Two:
    """All of a plan that is asked: two images, and the profile."""

    selected, profile = (0, 1), PROFILE


def test_a_control_that_cannot_have_its_word_is_named() -> None:
    """The first of them, with the words that it may have; controls that were not judged are no ground for doubt."""
    expected = {
        Control.EDGE_DETECTOR: (Verdict.FAIL,),
        Control.GAUSSIAN_NOISE: (Verdict.INVALID, Verdict.FAIL),
        Control.CONSTANT: (Verdict.INVALID,),
    }
    words = {Control.EDGE_DETECTOR: Verdict.FAIL, Control.GAUSSIAN_NOISE: Verdict.FAIL, "gradient": Verdict.PASS}
    seen = {label: judged(word) for label, word in words.items()}
    assert misjudged(seen, expected) is None
    seen[Control.GAUSSIAN_NOISE] = judged(Verdict.PASS)
    said = "the control gaussian_noise should be invalid or fail and is pass, so no acquittal stands"
    assert misjudged(seen, expected) == said
