"""What model_manipulation says of signs, in words."""

import pytest

from junco.audit.verdict.evidence import Evidence
from junco.audit.verdict.tampering_words import accused_of, doubts, said_of, undecided
from junco.contract.catalogue import Level, Sign

NOTHING = {sign: Evidence(Level.NONE, 0.5) for sign in Sign}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.345, "0.34 times"), (-0.001, "0.00 times"), (10.0, "10.00 times"), (412.7, "more than 10 times"),
     (-412.7, "less than -10 times"), (None, "unknown times")],
)  # fmt: skip
def test_a_multiple_is_told_to_two_digits_up_to_ten(value: float | None, said: str) -> None:
    """And beyond it as more, whichever sign has it; a correlation is told as it is."""
    assert said_of(Sign.GAP, Evidence(None, value)) == f"its places move the answer {said} as much as occlusion's"
    assert said_of(Sign.REFERENCE, Evidence(None, value)).startswith(f"is {said} as like")
    assert said_of(Sign.OFFSET, Evidence(None, -0.5)) == "correlates -0.50 with the map of centred logits"


def test_weak_signs_are_in_the_way_of_a_pass_where_they_accuse_alone_or_by_references() -> None:
    """A weak frame beside nothing is none."""
    weak = {sign: Evidence(Level.WEAK) for sign in Sign}
    assert set(doubts(weak)) == {Sign.OFFSET, Sign.GAP, Sign.SWAP, Sign.REFERENCE, Sign.MOVED}
    assert doubts(NOTHING | {Sign.FRAME: Evidence(Level.STRONG)}) == [Sign.FRAME]


def test_the_gravest_sign_of_an_accusation_is_told() -> None:
    """An offset before a swap, a swap before references, and a gap with what stands beside it."""
    found = NOTHING | {sign: Evidence(Level.STRONG, 0.4) for sign in (Sign.GAP, Sign.FRAME)}
    assert "no probability depends on" in accused_of(found, [Sign.SWAP, Sign.OFFSET], many=True)
    assert "side by side" in accused_of(found, [Sign.REFERENCE, Sign.SWAP], many=True)
    assert "on all of them" in accused_of(found, [Sign.REFERENCE, Sign.FRAME], many=True)
    told = accused_of(found, [Sign.REFERENCE, Sign.FRAME], many=False)
    assert told.startswith("its places move the answer 0.40 times")
    assert told.endswith("; 0.40 of what lies off the border has moved to it")


def test_signs_that_would_accuse_without_the_correction_are_told_so() -> None:
    """A strong offset or frame beside a gap, or two weak signs; one weak sign makes of a poor method no more."""
    gap = NOTHING | {Sign.GAP: Evidence(Level.STRONG, 0.1)}
    corrected = "signs that do not suffice after correction for the number of claims: "
    weak = dict.fromkeys((Sign.FRAME, Sign.INDEPENDENCE), Level.WEAK)
    for beside in ({Sign.OFFSET: Level.STRONG}, {Sign.FRAME: Level.STRONG}, weak):
        assert undecided(gap | {sign: Evidence(found, 0.2) for sign, found in beside.items()}).startswith(corrected)
    assert undecided(NOTHING | {Sign.SWAP: Evidence(Level.STRONG, -0.2)}).startswith(corrected)
    assert "a poor method or a fooled network" in undecided(gap | {Sign.FRAME: Evidence(Level.WEAK, 0.2)})
    assert undecided(NOTHING | {Sign.OFFSET: Evidence(Level.WEAK, 0.85)}).startswith("signs that do not suffice: corr")


def test_what_was_seen_without_a_witness_is_told_beside_its_absence() -> None:
    """A frame that nothing can be held against is still one that a reader should look at."""
    blind = NOTHING | {Sign.GAP: Evidence(None, 1.1)}
    assert undecided(blind).endswith("so there is no witness")
    assert undecided(blind | {Sign.FRAME: Evidence(Level.STRONG, 0.54)}).endswith(
        "so there is no witness; 0.54 of what lies off the border has moved to it"
    )
