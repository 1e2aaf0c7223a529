"""A plan in two looks: what each costs and draws, and how seldom the two together err."""

import numpy as np
import pytest
from scipy import stats

from junco.contract.looks import Look, seen
from junco.contract.plan import Plan, ShardKind
from junco.contract.profile import PROFILES, ProfileName
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import image_set, report, request

CHECKS = ("parameter_randomization", "input_shift", "class_sensitivity", "fragility", "repeatability", "faithfulness")


def plan(look: Look, *, images: int = 300, profile: str = "standard") -> Plan:
    """A plan of ``CHECKS`` at ``look``."""
    return resolve(request(look=look, checks=CHECKS, profile=profile, seed=7), report(), image_set(images))


@pytest.mark.parametrize("name", list(ProfileName))
def test_one_look_is_the_profile_itself(name: ProfileName) -> None:
    """Nothing changes for whoever does not ask for two."""
    assert seen(PROFILES[name], Look.ONLY) == PROFILES[name]


def test_the_first_look_is_at_50_images_and_5_seeds_and_the_second_at_twice_as_many() -> None:
    """S = 5, N = 50; then S = 10, N = 100; alpha .025 each."""
    first, second = (plan(look) for look in (Look.FIRST, Look.SECOND))
    sizes = [(len(p.selected), p.profile.seeds, p.profile.thresholds.alpha) for p in (first, second)]
    assert sizes == [(50, 5, 0.025), (100, 10, 0.025)]
    assert (first.profile.class_draws, second.profile.class_draws) == (5, 10)


@pytest.mark.parametrize("profile", list(ProfileName))
def test_the_second_look_contains_the_first(profile: ProfileName) -> None:
    """Its images in the same order, then others; every randomised model and every draw of the first."""
    first, second = (plan(look, profile=profile) for look in (Look.FIRST, Look.SECOND))
    assert second.selected[: len(first.selected)] == first.selected

    def cells(of: Plan) -> set[object]:
        found = [s for s in shards(of) if s.kind is ShardKind.CELLS]
        return {(of.selected[i], cell) for s in found for i in s.images for cell in s.cells}

    assert cells(first) < cells(second)


def test_both_costs_are_known_before_the_first_look() -> None:
    """The second costs twice for what has images alone, four times for what has seeds too; the shift check the same."""
    costs = [
        {kind: sum(s.cost for s in shards(plan(look)) if s.kind is kind) for kind in ShardKind}
        for look in (Look.FIRST, Look.SECOND)
    ]
    growth = {kind: costs[1][kind] / costs[0][kind] for kind in ShardKind if costs[0][kind]}
    assert growth[ShardKind.SHIFT] == 1
    assert growth[ShardKind.FAITHFULNESS] == 2
    assert growth[ShardKind.FRAGILITY] == 2
    # The original maps are drawn once a shard of ten models, which is why it is a little less than four.
    assert 3.7 < growth[ShardKind.CELLS] <= 4


def test_few_images_are_all_used_in_both_looks() -> None:
    """Thirty photos: the second look has more seeds alone."""
    first, second = (plan(look, images=30) for look in (Look.FIRST, Look.SECOND))
    assert len(first.selected) == len(second.selected) == 30
    assert (first.profile.seeds, second.profile.seeds) == (5, 10)


def false_words(alpha: float, *, jobs: int = 4000) -> float:
    """How often one of two looks, at 25 and then at 50 normal values about the bound, accuses at ``alpha`` each."""
    drawn = np.random.default_rng(0).normal(size=(jobs, 50))
    first, second = stats.ttest_1samp(drawn[:, :25], 0, axis=1), stats.ttest_1samp(drawn, 0, axis=1)
    accused = [(found.statistic > 0) & (found.pvalue / 2 < alpha) for found in (first, second)]
    return float(np.mean(accused[0] | accused[1]))


def test_two_looks_at_half_of_alpha_err_no_more_than_one_at_all_of_it() -> None:
    """5 % promised; two looks at 5 % each are at 8 %. Standard errors: .3 % and .4 %."""
    assert false_words(0.025) < 0.05
    assert false_words(0.05) > 0.065
