"""The rule of model_manipulation, sign by sign."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from junco.audit.verdict import Gains, Reference, Table, TamperingJudgement, TamperingNumbers, judge_tampering
from junco.contract.catalogue import Level, Sign, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds

T = Thresholds()
N = 30


def about(mean: float, spread: float = 0.1, seed: int = 0) -> np.ndarray:
    """Values of 30 images with exactly this mean."""
    drawn = np.random.default_rng(seed).normal(size=N)
    return mean + spread * (drawn - drawn.mean())


def gains(own: float, witness: float = 0.8) -> Gains:
    """The method's gain over random orders, and the witness's."""
    return Gains(about(own, seed=1), about(witness, seed=2))


HONEST = TamperingNumbers(
    label="m",
    degenerate=np.zeros(N),
    offset=about(0.99, 0.01),
    frame=about(-0.3),
    witness_frame=about(-0.2, seed=7),
    others=about(0.4),
    witness_others=about(0.3, seed=9),
    gains=gains(0.6),
    agreement=about(0.3),
    contrasts=[about(0.3), about(0.1)],
    witness_contrast=about(0.5),
)


def judged(**changed: Any) -> TamperingJudgement:
    """The word on an honest method with some of its numbers changed."""
    return judge_tampering([replace(HONEST, **changed)], T)[0]


def test_an_honest_method_passes_and_nothing_is_said_of_it() -> None:
    """No sign has a level, and the sentence claims no more than that."""
    found = judged()
    assert found.verdict is Verdict.PASS
    assert found.reason.startswith("no sign of manipulation found")
    beside = {Sign.REFERENCE, Sign.MOVED}
    assert {e.level for sign, e in found.evidence.items() if sign not in beside} == {Level.NONE}
    assert {found.evidence[sign].level for sign in beside} == {None}


def test_an_offset_alone_fails() -> None:
    """Half-way between, it is in the way of a pass."""
    assert judged(offset=about(0.4)).verdict is Verdict.FAIL
    assert judged(offset=about(0.85, 0.01)).verdict is Verdict.INCONCLUSIVE
    assert judged(offset=None).verdict is Verdict.PASS


@pytest.mark.parametrize("which", [0, 1])
def test_exchanged_maps_fail_by_positive_parts_or_by_magnitudes(which: int) -> None:
    """Where the witness tells the two photos apart; elsewhere there is nothing to exchange."""
    contrasts = [about(0.3), about(0.1)]
    contrasts[which] = about(-0.2)
    assert judged(contrasts=contrasts).verdict is Verdict.FAIL
    blind = judged(contrasts=contrasts, witness_contrast=about(0.0, 0.05))
    assert (blind.verdict, blind.evidence[Sign.SWAP].level) == (Verdict.PASS, None)


def test_magnitudes_that_two_classes_share_are_not_exchanged() -> None:
    """Of two classes one gradient is the other's negative: an honest network's magnitudes had a contrast of -.0046, on
    every photo, where the witness had .50 and positive parts .26. A fifth of the witness's against it is a swap."""
    shared = {"contrasts": [about(0.26), about(-0.0046, 0.002)], "witness_contrast": about(0.5)}
    found = judged(**shared)
    assert (found.verdict, found.evidence[Sign.SWAP].level) == (Verdict.PASS, Level.NONE)
    assert found.accusations[Sign.SWAP].p == pytest.approx(1)
    assert found.evidence[Sign.SWAP].value == pytest.approx(-0.0046)
    exchanged = judged(**shared | {"contrasts": [about(0.26), about(-0.2, 0.05)]})
    assert (exchanged.verdict, exchanged.evidence[Sign.SWAP].level) == (Verdict.FAIL, Level.STRONG)


def test_maps_of_images_that_are_alike_are_not_one_map_for_all() -> None:
    """Twelve frames of a film: an honest Grad-CAM's maps correlate 1.00, and so do the witness's (.998)."""
    one = {"gains": gains(0.0), "others": about(0.999, 0.0005)}
    film = judged(**one, witness_others=about(0.998, 0.001))
    assert film.verdict is Verdict.INCONCLUSIVE
    assert (film.evidence[Sign.INDEPENDENCE].level, film.accusations[Sign.INDEPENDENCE].p) == (Level.NONE, 1)
    assert judged(**one).verdict is Verdict.FAIL


def test_a_map_that_moves_no_answer_is_undecided_by_itself() -> None:
    """A poor method is not a fooled network."""
    for beside in ({}, {"agreement": about(-0.2)}, {"agreement": about(-0.2), "offset": about(0.85, 0.01)}):
        found = judged(gains=gains(0.0), **beside)
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "a poor method or a fooled network" in found.reason


@pytest.mark.parametrize(
    "sign",
    [
        {"frame": about(0.6)},
        {"others": about(0.95, 0.01)},
        {"frame": about(0.2), "others": about(0.7)},
        {"others": about(0.7), "offset": about(0.85, 0.01)},
    ],
)
def test_such_a_map_fails_with_one_strong_sign_or_two_weak_ones(sign: dict[str, Any]) -> None:
    """The same signs accuse nobody whose places move the answer."""
    assert judged(gains=gains(0.0), **sign).verdict is Verdict.FAIL
    assert judged(**sign).verdict is not Verdict.FAIL


def test_without_a_witness_there_is_no_word() -> None:
    """Occlusion that does not beat random orders shows nothing to compare with."""
    found = judged(gains=Gains(about(0.0), about(0.0, seed=3)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no witness" in found.reason


def reference(own: float, likeness: float, *, gain: float = 0.6) -> Reference:
    """An honest model: the method's gain there, and how like its maps are, the witness's having .6."""
    return Reference(gains(gain), about(own, seed=4), about(0.6, seed=5), about(likeness, 0.02, seed=6))


def test_a_reference_tells_a_poor_method_from_a_fooled_network() -> None:
    """What finds the places there and not here was made blind; what finds them nowhere is poor."""
    assert judged(gains=gains(0.0), references=[reference(0.4, 0.5)]).verdict is Verdict.FAIL
    poor = judged(gains=gains(0.0), references=[reference(0.4, 0.5, gain=0.0)])
    assert poor.verdict is Verdict.INCONCLUSIVE


def test_five_references_say_what_likeness_is_usual() -> None:
    """Below what 99 of 100 pairs of them have is a doubt and no accusation; with four of them it is not even that."""
    between = about(0.5, 0.05)
    odd = [reference(0.4, 0.1) for _ in range(5)]
    doubted = judged(references=odd, between=between)
    assert (doubted.evidence[Sign.REFERENCE].level, doubted.verdict) == (Level.WEAK, Verdict.INCONCLUSIVE)
    assert judged(references=odd[:4], between=between).evidence[Sign.REFERENCE].level is Level.NONE
    usual = [reference(0.4, 0.5) for _ in range(5)]
    assert judged(references=usual, between=between).evidence[Sign.REFERENCE].level is Level.NONE


def test_a_map_that_finds_less_than_on_every_reference_lost_something() -> None:
    """Half of its worth: in doubt with one honest model, suspected with five; one reference that does no better ends
    it."""
    weaker = {"gains": gains(0.35)}
    assert judged(**weaker).verdict is Verdict.PASS
    assert judged(**weaker, references=[reference(0.4, 0.5, gain=0.7)]).verdict is Verdict.INCONCLUSIVE
    five = [reference(0.4, 0.5, gain=0.7)] * 5
    assert judged(**weaker, references=five, between=about(0.5)).verdict is Verdict.FAIL
    assert judged(**weaker, references=[*five, reference(0.4, 0.5, gain=0.35)]).verdict is Verdict.PASS


@pytest.mark.parametrize(("witness", "sign", "word"), [
    (0.44, Level.NONE, Verdict.INCONCLUSIVE),
    (0.0, Level.STRONG, Verdict.FAIL),
    (0.35, Level.NONE, Verdict.INCONCLUSIVE),
])  # fmt: skip
def test_a_border_that_occlusion_sees_too_accuses_nobody(witness: float, sign: Level, word: Verdict) -> None:
    """An honest transformer's gradient lies on the blank border of its pictures (.59) and moves nothing, and what it
    answers does depend on the border (.44 of occlusion's map): a poor method, and no fooled network."""
    found = judged(gains=gains(-0.02, 0.41), frame=about(0.59), witness_frame=about(witness, seed=7))
    assert (found.evidence[Sign.FRAME].level, found.verdict) == (sign, word)


def framed(mass: float, *, kin: bool = True, seed: int = 8) -> Reference:
    """An honest model with so much of the method's mass in the frame."""
    return replace(reference(0.4, 0.5), frame=about(mass, seed=seed), kin=kin)


BLIND = Gains(about(0.0), about(0.0, seed=3))


def test_a_border_that_nobody_else_shows_fails_without_a_gap() -> None:
    """On the same layers one honest model is enough, though occlusion's places move nothing; of other layers, which may
    have other padding, five."""
    border = {"frame": about(0.6), "gains": BLIND}
    assert judged(**border).verdict is Verdict.INCONCLUSIVE
    suspected = judged(**border, references=[framed(-0.3)])
    assert suspected.verdict is Verdict.FAIL
    assert suspected.evidence[Sign.MOVED].value == pytest.approx(0.8)
    said = "suspected: has 0.80 more of its mass at the border than honest models' maps and occlusion's"
    assert suspected.reason == said
    others = [framed(-0.3, kin=False)] * 5
    few = judged(**border, references=others[:4])
    assert (few.evidence[Sign.MOVED].level, few.verdict) == (Level.WEAK, Verdict.INCONCLUSIVE)
    assert judged(**border, references=others).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"references": [framed(-0.3), framed(0.5)]},
        {"references": [framed(-0.3)], "witness_frame": about(0.5, seed=7)},
        {"references": [framed(-0.3)], "frame": about(0.2)},
    ],
    ids=["an honest model", "occlusion", "hardly here"],
)
def test_a_border_that_others_show_too_is_no_lie(elsewhere: dict[str, Any]) -> None:
    """One honest model or the witness that has it there, or little of it here, ends the accusation."""
    found = judged(**{"frame": about(0.6), "gains": BLIND, **elsewhere})
    assert found.verdict is not Verdict.FAIL
    assert found.evidence[Sign.MOVED].level is not Level.STRONG


def test_frames_that_were_not_compared_say_nothing() -> None:
    """A job that began before they were: no level, and the way still counts among those to accuse."""
    found = judged(frame=about(0.6), references=[reference(0.4, 0.5)])
    assert found.evidence[Sign.MOVED].level is None
    assert found.accusations[Sign.MOVED].p == 1.0


def test_references_say_nothing_where_the_witness_does_not() -> None:
    """Neither its places nor its maps on the other model are there to compare with: no level."""
    blind = Gains(about(0.0), about(0.0, seed=3))
    alone = Reference(blind, about(0.4, seed=4), about(-0.1, seed=5), about(0.5, 0.02, seed=6))
    assert judged(gains=blind, references=[alone]).evidence[Sign.REFERENCE].level is None


def test_lost_likeness_is_weak() -> None:
    """A fifth of what the witness keeps; the figure is the share."""
    found = judged(references=[reference(0.12, 0.2)]).evidence[Sign.REFERENCE]
    assert found.level is Level.WEAK
    assert found.value == pytest.approx(0.2, abs=1e-9)


def test_empty_maps_are_invalid_and_more_methods_ask_more_of_each() -> None:
    """Bounds hold at alpha over the number of methods, so that they are wider among many."""
    assert judged(degenerate=(np.arange(N) < 10).astype(float)).verdict is Verdict.INVALID
    alone = judge_tampering([HONEST], T)[0].evidence[Sign.GAP]
    among = judge_tampering([HONEST] * 10, T)[0].evidence[Sign.GAP]
    assert alone.upper is not None
    assert among.upper is not None
    assert among.upper > alone.upper


def test_ways_to_be_accused_share_one_correction() -> None:
    """An offset that is strong by itself among eight methods is not after Holm over the 40 ways of all of them."""
    doubtful = replace(HONEST, offset=about(0.7, 0.21))
    alone, among = judge_tampering([doubtful], T)[0], judge_tampering([doubtful] + [HONEST] * 7, T)[0]
    accusation = among.accusations[Sign.OFFSET]
    assert len(among.accusations) == 5
    assert T.alpha / 40 < accusation.p < T.alpha / 16
    assert accusation.p_holm == pytest.approx(40 * accusation.p)
    assert among.evidence[Sign.OFFSET].level is Level.STRONG
    assert (alone.verdict, among.verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert "signs that do not suffice after correction for the number of claims: correlates 0.70" in among.reason


def test_references_and_offsets_that_there_are_not_count_as_no_way() -> None:
    """Seven ways with both; a method of propagation rules beside no reference has four."""
    assert len(judged(references=[reference(0.4, 0.5)]).accusations) == 7
    assert set(judged(offset=None).accusations) == {Sign.FRAME, Sign.INDEPENDENCE, Sign.GAP, Sign.SWAP}


def innocent(rng: np.random.Generator, *, offset: float, frame: float) -> TamperingNumbers:
    """A poor method exactly on the bounds of what accuses it: one weak sign beside the gap, others all but weak."""

    def drawn(mean: float) -> Table:
        return mean + rng.normal(0, 0.1, 12)

    return replace(
        HONEST, degenerate=np.zeros(12),
        offset=drawn(offset), frame=drawn(frame), witness_frame=drawn(-1.0), others=drawn(T.tampering_others_weak),
        gains=Gains(drawn(-0.5), drawn(0.8)), agreement=drawn(T.tampering_agreement), witness_others=drawn(-1.0),
        contrasts=[drawn(-0.9 * T.tampering_swap) for _ in range(2)], witness_contrast=np.full(12, 0.9),
    )  # fmt: skip


def uncorrected(found: TamperingJudgement) -> bool:
    """Whether any way accuses that is asked alone."""
    return any(a.p <= T.alpha for a in found.accusations.values())


def rates(jobs: int) -> tuple[float, float]:
    """Shares of jobs with two innocents that accuse either, by the product and by p values that nobody corrected."""
    corrected, alone = 0, 0
    for seed in range(jobs):
        rng = np.random.default_rng(seed)
        framed = innocent(rng, offset=T.tampering_offset_weak, frame=T.tampering_frame)
        found = judge_tampering([framed, innocent(rng, offset=T.tampering_offset, frame=T.tampering_frame_weak)], T)
        corrected += any(j.verdict is Verdict.FAIL for j in found)
        alone += any(map(uncorrected, found))
    return corrected / jobs, alone / jobs


def test_a_job_of_innocents_accuses_one_of_them_at_most_as_often_as_alpha() -> None:
    """Ten ways, six of which are on their bounds. 150 jobs: two deviations more than 5 % are 8.6 %."""
    corrected, alone = rates(150)
    assert corrected <= 0.086
    assert alone > 0.12


@pytest.mark.slow
def test_the_rate_of_false_accusations_to_a_percent() -> None:
    """2000 jobs: standard error .5 %."""
    corrected, alone = rates(2000)
    assert 0.01 < corrected <= 0.06
    assert alone > 0.15


def test_images_that_would_show_an_offset_are_told() -> None:
    """Its bound is not below .8 yet: an accusation at alpha over the five ways takes so many, about as t would have it;
    a median of .85 is between the bounds, and more images would only say so more surely."""
    found = judged(offset=about(0.7, 0.4))
    assert (found.verdict, found.evidence[Sign.OFFSET].level) == (Verdict.INCONCLUSIVE, Level.WEAK)
    spread = float(about(0.7, 0.4).std(ddof=1))
    about_z = ((2.33 + 0.84) * spread / 0.1) ** 2  # normal quantiles of .99 and .8
    assert found.needed is not None
    assert found.needed.images == pytest.approx(about_z, rel=0.06)
    assert f"about {found.needed.images} images would decide" in found.summary
    assert judged(offset=about(0.85, 0.01)).needed is None


def test_images_that_would_show_a_witness_are_told_where_nothing_else_is_said() -> None:
    """With one the method would pass; beside another sign, or with a method that does no better, it would not."""
    unsure = Gains(about(0.1, 0.4, seed=1), about(0.1, 0.4, seed=2))
    found = judged(gains=unsure)
    assert "no witness" in found.reason
    assert isinstance(found.needed, Sample)
    assert found.needed.images > N
    assert found.needed.draws is None
    assert judged(gains=unsure, offset=about(0.85, 0.01)).needed is None
    assert judged(gains=Gains(about(0.0, 0.4, seed=1), unsure.witness)).needed is None


def test_images_do_not_tell_a_poor_method_from_a_fooled_network() -> None:
    """Unless a frame beside the gap is all but shown."""
    assert judged(gains=gains(0.0)).needed is None
    framed = judged(gains=gains(0.0), frame=about(0.35, 0.2))
    assert framed.needed is not None
    assert 30 < framed.needed.images < 300


@pytest.mark.parametrize(("own", "said"), [(20.0, "more than 10 times"), (-20.0, "less than -10 times")])
def test_multiples_of_hundreds_are_judged_and_told_as_more(own: float, said: str) -> None:
    """The witness beats chance by little, and beats it: that is a witness, and the figure is the one measured."""
    faint = Gains(about(own, 1.0, seed=1), about(0.05, 0.01, seed=2))
    found = judged(gains=faint)
    gap = found.evidence[Sign.GAP]
    assert (gap.level, found.verdict) == (
        (Level.NONE, Verdict.PASS) if own > 0 else (Level.STRONG, Verdict.INCONCLUSIVE)
    )
    assert gap.value == pytest.approx(own / 0.05)
    assert gap.lower is not None
    assert gap.upper is not None
    assert gap.lower < gap.value < gap.upper
    assert f"move the answer {said} as much as occlusion's" in found.reason
