"""Top-k overlap against counting, and its expectation under ties against every way of breaking them."""

from fractions import Fraction
from itertools import combinations

import pytest
import torch
from torch import Tensor

from junco.audit.similarity import named
from junco.audit.similarity.top_k import membership, overlap


def _top_sets(scores: list[float], k: int) -> list[frozenset[int]]:
    """Every set of ``k`` pixels that a fair tie-break can choose, all equally likely."""
    threshold = sorted(scores, reverse=True)[k - 1]
    above = [i for i, score in enumerate(scores) if score > threshold]
    tied = [i for i, score in enumerate(scores) if score == threshold]
    return [frozenset(above) | frozenset(rest) for rest in combinations(tied, k - len(above))]


def _enumerated(a: list[float], b: list[float], k: int) -> float:
    pairs = [(s, t) for s in _top_sets(a, k) for t in _top_sets(b, k)]
    return float(Fraction(sum(len(s & t) for s, t in pairs), k * len(pairs)))


@pytest.mark.parametrize("seed", range(8))
def test_ties_count_by_the_expectation_over_all_fair_draws(seed: int) -> None:
    """On tied maps of 10 pixels, the figure is the mean over every pair of possible top sets."""
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randint(0, 3, (1, 10), generator=generator).double() for _ in range(2))
    expected = _enumerated(a[0].tolist(), b[0].tolist(), 4)
    assert overlap(a, b, share=0.4).item() == pytest.approx(expected, abs=1e-12)


def test_without_ties_it_is_plain_counting() -> None:
    """Distinct values have one top set each."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(5, 20, 20, generator=generator) for _ in range(2))
    b = b + a
    tops = [[set(row.topk(20).indices.tolist()) for row in maps.flatten(1)] for maps in (a, b)]
    expected = [len(s & t) / 20 for s, t in zip(*tops, strict=True)]
    assert named("top_k")(a, b).tolist() == pytest.approx(expected, abs=1e-12)
    assert 0 < min(expected) < max(expected) < 1


def test_membership_fills_exactly_k_places() -> None:
    """Probabilities of being chosen add up to k, also when all the places are tied ones."""
    scores = torch.tensor([[5.0, 5.0, 5.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 9.0]], dtype=torch.float64)
    assert membership(scores, 2).sum(dim=1).tolist() == pytest.approx([2, 2], abs=1e-12)
    assert membership(scores, 2)[0].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0, 0])


def test_the_order_of_pixels_does_not_matter() -> None:
    """Shuffling the pixels of both maps alike changes nothing, although most are tied at zero."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(1, 400, generator=generator).double().sub(2).relu() for _ in range(2))
    shuffle = torch.randperm(400, generator=generator)
    assert overlap(a[:, shuffle], b[:, shuffle], share=0.05).item() == pytest.approx(overlap(a, b, share=0.05).item())


def test_magnitude_counts_for_signed_maps_and_value_for_unsigned_ones() -> None:
    """A strongly negative pixel is salient in a signed map and not in an unsigned one."""
    a, b = torch.zeros(2, 1, 4, 5)
    a[0, 0, 0], b[0, 0, 0] = -9.0, 9.0
    a, b = a + torch.linspace(0, 1, 20).view(1, 4, 5), b + torch.linspace(0, 1, 20).view(1, 4, 5)
    assert named("top_k_abs")(a, b).item() == 1
    assert named("top_k")(a, b).item() == 0


def test_maps_that_are_zero_at_the_same_places_do_not_agree_by_that() -> None:
    """Two maps with one lit pixel each, elsewhere, overlap by what chance gives and not by their common zeros."""
    a, b = torch.zeros(2, 1, 100, dtype=torch.float64)
    a[0, 3], b[0, 70] = 1, 1
    # Four of five places fall on 99 tied pixels each: 98 in common at (4/99)^2, and each lit pixel at 1 * 4/99.
    assert overlap(a, b, share=0.05).item() == pytest.approx((98 * (4 / 99) ** 2 + 2 * 4 / 99) / 5, abs=1e-12)


@pytest.mark.parametrize("name", ["top_k", "top_k_abs"])
def test_a_constant_map_has_no_top(name: str) -> None:
    """A map without a largest pixel has no overlap with any."""
    varied = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))
    assert named(name)(torch.full((1, 6, 6), 2.0), varied).isnan().all()


def test_magnitudes_that_are_all_equal_have_no_top() -> None:
    """A map of +1 and -1 varies, but every pixel is as salient as every other."""
    signs = torch.ones(1, 6, 6)
    signs[0, :3] = -1
    varied: Tensor = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))
    assert named("top_k_abs")(signs, varied).isnan().all()
    assert named("top_k")(signs, varied).isfinite().all()


@pytest.mark.parametrize("share", [0.0, 1.5, -0.1])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    """Nothing is not a top, and more than everything is none either."""
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        overlap(torch.rand(1, 9), torch.rand(1, 9), share=share)
