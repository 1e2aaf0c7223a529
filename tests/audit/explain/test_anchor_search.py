"""The search for an anchor."""

import numpy as np

from junco.audit.explain.anchor_search import Evidence, Search, opening
from junco.contract.catalogue import AnchorsParameters


def test_a_sample_counts_for_every_rule_it_is_a_fair_draw_of() -> None:
    """Drawn for {0} and showing {0, 2}: it counts for {0} and {0, 2}, not for {2}, whose draws may lack 0."""
    none = np.zeros((0, 3), dtype=bool)
    seen = Evidence(none, none, np.zeros(0, dtype=bool))
    drawn_for, shown = np.array([[True, False, False]]), np.array([[True, False, True]])
    seen.add(drawn_for, shown, np.array([True]))
    rules = np.array([[True, False, False], [True, False, True], [False, False, True], [True, True, False]])
    hits, draws = seen.of(rules)
    assert draws.tolist() == [1, 1, 0, 0]
    assert hits.tolist() == [1, 1, 0, 0]


def test_reused_samples_estimate_the_rules_own_precision() -> None:
    """From draws of the empty rule alone: P(both of 0 and 1 shown | 0 kept) is 1/2 within 4.5 standard errors."""
    parameters = AnchorsParameters(segments=4, samples=4001)
    search, rng = Search(np.ones(4, dtype=bool), parameters), np.random.default_rng(0)
    shown = rng.random((4000, 4)) < 0.5
    search.tell(np.zeros_like(shown), shown, shown[:, 0] & shown[:, 1])
    found = search.precisions()
    assert np.abs(found - [0.5, 0.5, 0.25, 0.25]).max() < 4.5 * 0.5 / 2000**0.5


def test_segments_that_change_nothing_are_never_asked_about() -> None:
    """Rules hold players only; others have the precision of the empty rule."""
    players, rng = np.array([True, False, True, False]), np.random.default_rng(0)
    parameters = AnchorsParameters(segments=4, samples=200)
    search = Search(players, parameters)
    for size in [opening(parameters), *[10] * 10]:
        rules = search.ask(size)
        assert rules.shape == (size, 4)
        assert not (rules.any() and search.precisions().max() == 0), "the empty rule comes first"
        assert not rules[:, ~players].any()
        shown = rules | (rng.random(rules.shape) < 0.5)
        search.tell(rules, shown, shown[:, 2])
    assert search.anchor == frozenset({2})
    assert search.precisions()[1] == search.precisions()[3]
