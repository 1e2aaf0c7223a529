"""Maps that carry no statistic: lost ones, and those that do not repeat themselves."""

import numpy as np

from junco.audit.verdict.grounds import irreproducible, lost, too_many_lost
from junco.contract.thresholds import Thresholds

T = Thresholds()


def test_the_share_of_lost_maps_is_counted() -> None:
    """One in four; and without a single map, all of them."""
    assert lost(np.array([0.0, 1.0, 0.0, 0.0])) == 0.25
    assert lost(np.empty(0)) == 1.0


def test_a_fifth_of_lost_maps_is_borne_and_more_is_not() -> None:
    """The limit itself still counts; beyond it the sentence tells how many, and which."""
    assert too_many_lost(T.undefined_share, T) is None
    assert too_many_lost(0.25, T) == "25% of its maps are constant or not finite"
    assert too_many_lost(1.0, T, which=" after x") == "100% of its maps after x are constant or not finite"


def test_self_similarity_is_a_mean_over_what_has_ranks() -> None:
    """Maps without ranks are left out of it; at the minimum a method is judged."""
    assert irreproducible(np.array([0.9, np.nan, 0.1]), T) is None
    assert irreproducible(np.array([0.3, np.nan, 0.1]), T) == "it does not reproduce itself (self-similarity 0.20)"
