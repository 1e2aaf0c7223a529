"""Shares of gains here and on references: where they part, and what is measured beyond every usual bound."""

import numpy as np
import pytest
from scipy import special

from junco.audit.verdict.references import Gains, Reference, beats, compared, finds, misses, share_of
from junco.contract.catalogue import Level
from junco.contract.thresholds import Thresholds

T = Thresholds()
N = 30


def about(mean: float, spread: float = 0.1, seed: int = 0) -> np.ndarray:
    """Values of 30 images with exactly this mean."""
    drawn = np.random.default_rng(seed).normal(size=N)
    return mean + spread * (drawn - drawn.mean())


def gains(own: float, witness: float = 0.8, *, seed: int = 1, spread: float = 0.1) -> Gains:
    """The method's gain over random orders, and the witness's."""
    return Gains(about(own, spread, seed=seed), about(witness, spread, seed=seed + 1))


def test_a_share_is_found_or_missed_as_its_bounds_say() -> None:
    """At the level at which the lower bound meets a share, that share is just found."""
    found = share_of(gains(0.4), 0.1)
    assert found is not None
    assert found.lower is not None
    assert found.upper is not None
    assert finds(gains(0.4), found.lower).p == pytest.approx(0.05, abs=1e-4)
    assert misses(gains(0.4), found.upper).p == pytest.approx(0.05, abs=1e-4)


def test_no_share_is_claimed_of_a_witness_that_does_not_beat_chance() -> None:
    """However far the method's own gain lies on either side."""
    blind = Gains(about(5.0), about(0.0, seed=2))
    assert beats(blind).p == pytest.approx(0.5, abs=1e-6)
    assert min(finds(blind, 0.2).p, misses(blind, 9.0).p) >= beats(blind).p - 1e-12


@pytest.mark.parametrize("own", [40.0, -40.0])
def test_a_share_of_hundreds_is_told_as_measured(own: float) -> None:
    """Bounds of 40 over .1 lie about 400, two-sided at 5 %, and neither is cut off."""
    found = share_of(gains(own, 0.1, spread=0.01), 0.05)
    assert found is not None
    assert found.mean == pytest.approx(own / 0.1, rel=1e-9)
    assert found.lower is not None
    assert found.upper is not None
    assert found.mean - 25 < found.lower < found.mean < found.upper < found.mean + 25


def reference(own: Gains) -> Reference:
    """A model on which the method has these gains, and maps as like as the witness's."""
    return Reference(own, about(0.5, seed=6), about(0.5, seed=6), about(0.5, seed=6))


def test_less_than_on_every_reference_is_a_paired_difference_of_shares() -> None:
    """Its p is that of t for the nearest of five, with the error of either share as Fieller's bounds have it; twice,
    since there are two ways to be otherwise than references."""
    ours, theirs = gains(0.42), [gains(0.68 + k / 100, seed=10 + 2 * k) for k in range(5)]
    found = compared([reference(g) for g in theirs], None, gains=ours, t=T, alpha=0.05)
    errors = []
    for one in (ours, theirs[0]):
        bounds = share_of(one, 0.32)  # one standard error on either side, about
        assert bounds is not None
        assert bounds.lower is not None
        assert bounds.upper is not None
        errors.append((bounds.upper - bounds.lower) / 2 / special.stdtrit(N - 1, 0.84))
    distance = (T.tampering_kept * 0.68 - 0.42) / 0.8
    expected = special.stdtr(N - 1, -distance / np.hypot(errors[0], T.tampering_kept * errors[1]))
    assert found.level is Level.STRONG
    # Draws of ours and theirs correlate by chance, up to .2 or so, which moves t by a tenth.
    assert np.log(found.strong.p / 2) == pytest.approx(np.log(expected), rel=0.25)


def test_a_share_of_less_is_claimed_as_often_as_its_p_says() -> None:
    """Of 300 draws in which a share is exactly tampering_kept of a reference's: 5 %, and two deviations more."""
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        own, wit, own_there, wit_there = (m + rng.normal(0, 0.3, 12) for m in (0.45, 0.8, 0.6, 0.8))
        honest = reference(Gains(own_there, wit_there))
        found.append(compared([honest], None, gains=Gains(own, wit), t=T, alpha=0.05).weak.p / 2 <= 0.05)
    assert 0.01 < np.mean(found) <= 0.075


def test_what_is_found_here_as_there_is_not_less() -> None:
    """Equal shares: p is 1, also where neither finds anything."""
    same = compared([reference(gains(0.5, seed=11))], None, gains=gains(0.5), t=T, alpha=0.05)
    assert same.level is Level.NONE
    assert same.weak.p == pytest.approx(1, abs=1e-3)
    lost = compared([reference(gains(-0.1))], None, gains=gains(-0.1), t=T, alpha=0.05)
    assert lost.level is Level.NONE
    assert lost.weak.p == pytest.approx(1, abs=1e-3)


def test_blind_here_and_seeing_there_is_strong_whatever_the_number() -> None:
    """One reference is enough; its claim has a forecast, since it is of means."""
    found = compared([reference(gains(0.6, seed=11))], None, gains=gains(0.0), t=T, alpha=0.05)
    assert found.level is Level.STRONG
    assert found.strong.growth(0.001) == 1.0
