"""The two-way interval and Holm's correction, against derivations that share no code with them."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from junco.audit.verdict import TwoWay, holm, one_way, two_way

Table = NDArray[np.float64]


def by_loops(y: Table) -> tuple[float, float, float]:
    """Mean, variance and degrees of freedom as docs/verdicts.md writes them, cell by cell."""
    n, s = y.shape
    grand = sum(y[i, j] for i in range(n) for j in range(s)) / (n * s)
    row = [sum(y[i, j] for j in range(s)) / s for i in range(n)]
    column = [sum(y[i, j] for i in range(n)) / n for j in range(s)]
    ms_i = s * sum((r - grand) ** 2 for r in row) / (n - 1)
    ms_s = n * sum((c - grand) ** 2 for c in column) / (s - 1)
    residual = sum((y[i, j] - row[i] - column[j] + grand) ** 2 for i in range(n) for j in range(s))
    ms_e = residual / ((n - 1) * (s - 1))
    v = max(ms_i + ms_s - ms_e, ms_i, ms_s) / (n * s)
    if ms_i + ms_s <= ms_e:
        return grand, v, s - 1
    df = (ms_i + ms_s - ms_e) ** 2 / (ms_i**2 / (n - 1) + ms_s**2 / (s - 1) + ms_e**2 / ((n - 1) * (s - 1)))
    return grand, v, max(1.0, df)


def crossed(seed: int, shape: tuple[int, int], *, image: float, model: float, noise: float = 0.1) -> Table:
    """Crossed effects about 0.4."""
    rng = np.random.default_rng(seed)
    n, s = shape
    rows, columns = rng.normal(0, image, (n, 1)), rng.normal(0, model, (1, s))
    return np.asarray(0.4 + rows + columns + rng.normal(0, noise, (n, s)))


def found(y: Table) -> TwoWay:
    """The interval, which must exist."""
    interval = two_way(y)
    assert interval is not None
    return interval


@pytest.mark.parametrize("shape", [(2, 2), (3, 7), (50, 5), (20, 3)])
@pytest.mark.parametrize(("image", "model"), [(0.12, 0.03), (0.0, 0.3), (0.0, 0.0), (0.5, 0.0)])
def test_the_interval_is_that_of_an_analysis_of_variance_by_loops(
    shape: tuple[int, int], image: float, model: float
) -> None:
    """Mean, v, df, one-sided bounds and both p values, to float64 rounding, also where residuals dominate."""
    for seed in range(5):
        y = crossed(seed, shape, image=image, model=model)
        mean, v, df = by_loops(y)
        interval = found(y)
        assert (interval.mean, interval.v, interval.df) == pytest.approx((mean, v, df), rel=1e-9)
        t = stats.t(df)
        assert interval.lower(0.05) == pytest.approx(mean - t.ppf(0.95) * math.sqrt(v), rel=1e-9)
        assert interval.upper(0.025) == pytest.approx(mean + t.ppf(0.975) * math.sqrt(v), rel=1e-9)
        assert interval.p_above(0.5) == pytest.approx(t.sf((mean - 0.5) / math.sqrt(v)), rel=1e-7, abs=1e-15)
        assert interval.p_below(0.25) == pytest.approx(t.cdf((mean - 0.25) / math.sqrt(v)), rel=1e-7, abs=1e-15)


def test_degrees_of_freedom_never_fall_below_one() -> None:
    """With nothing but one seed's jump, two seeds leave one degree of freedom."""
    y = np.tile([0.0, 1.0], (10, 1)) + 1e-6 * np.random.default_rng(0).normal(size=(10, 2))
    assert found(y).df == pytest.approx(1.0, abs=1e-6)
    assert found(y).df >= 1.0


def test_bounds_and_p_values_tell_the_same_story() -> None:
    """The lower bound at alpha meets tau exactly where the p value is alpha, and likewise above."""
    interval = found(crossed(1, (50, 5), image=0.12, model=0.05))
    for alpha in (0.05, 0.025, 0.003):
        assert interval.p_above(interval.lower(alpha)) == pytest.approx(alpha, rel=1e-6)
        assert interval.p_below(interval.upper(alpha)) == pytest.approx(alpha, rel=1e-6)


def coverage(draws: int, shape: tuple[int, int], *, image: float, model: float) -> float:
    """How often the 95 % interval holds the true mean of 0.4."""
    tables = (crossed(seed, shape, image=image, model=model) for seed in range(draws))
    intervals = [found(y) for y in tables]
    return float(np.mean([i.lower(0.025) <= 0.4 <= i.upper(0.025) for i in intervals]))


@pytest.mark.parametrize(("image", "model"), [(0.12, 0.03), (0.12, 0.08), (0.4, 0.03)])
@pytest.mark.parametrize("shape", [(50, 5), (20, 3)])
def test_the_interval_covers_what_it_promises(shape: tuple[int, int], image: float, model: float) -> None:
    """93-97 %; 1500 draws have a standard error of 0.6 %, so 1.2 % are allowed on either side."""
    assert 0.918 <= coverage(1500, shape, image=image, model=model) <= 0.982


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(50, 3), (100, 5), (50, 10)])
@pytest.mark.parametrize(("image", "model"), [(0.12, 0.03), (0.12, 0.08), (0.4, 0.05), (0.0, 0.08)])
def test_the_interval_covers_between_92_and_97_percent(shape: tuple[int, int], image: float, model: float) -> None:
    """20 000 draws, standard error 0.2 %; three seeds of sd .08 beside images of sd .12 are the worst, at 92.5 %."""
    assert 0.92 <= coverage(20_000, shape, image=image, model=model) <= 0.975


def test_an_image_only_interval_would_not_cover() -> None:
    """The reason for the two-way interval; an image-only one of N=100, S=5, seed sd .08 covers about half."""
    hits = 0
    for seed in range(300):
        means = crossed(seed, (100, 5), image=0.12, model=0.08).mean(axis=1)
        hits += abs(means.mean() - 0.4) <= stats.t(99).ppf(0.975) * stats.sem(means)
    assert hits / 300 < 0.7


def least_squares(y: Table) -> float:
    """Mean over all cells of the additive fit to the known ones, by a design matrix."""
    n, s = y.shape
    known = np.argwhere(~np.isnan(y))
    design = np.zeros((len(known), n + s))
    design[np.arange(len(known)), known[:, 0]] = 1
    design[np.arange(len(known)), n + known[:, 1]] = 1
    effects, *_ = np.linalg.lstsq(design, y[~np.isnan(y)], rcond=None)
    full = np.where(np.isnan(y), effects[:n, None] + effects[n:], y)
    return float(full.mean())


def test_missing_cells_take_the_additive_fit() -> None:
    """The mean is that of a least-squares completion; a hole costs a degree of freedom of the residual alone."""
    y = crossed(3, (20, 5), image=0.1, model=0.1)
    holes = np.random.default_rng(0).random(y.shape) < 0.15
    gappy = np.where(holes, np.nan, y)
    assert found(gappy).mean == pytest.approx(least_squares(gappy), abs=1e-9)
    assert found(gappy).mean == pytest.approx(found(y).mean, abs=0.02)


def test_a_missing_cell_does_not_drag_the_mean_towards_the_better_known_seeds() -> None:
    """In an exactly additive table the completion is exact, where a mean of known cells would be far off."""
    y = np.arange(6.0)[:, None] + 10 * np.arange(4.0)
    gappy = y.copy()
    gappy[3:, 0] = np.nan
    assert found(gappy).mean == pytest.approx(y.mean(), abs=1e-9)
    assert abs(np.nanmean(gappy) - y.mean()) > 0.5


def test_rows_and_columns_without_any_value_are_left_out() -> None:
    """An image that never had a value, and a seed that never had one, are as if they had not been planned."""
    y = crossed(4, (10, 4), image=0.1, model=0.1)
    wide = np.full((12, 5), np.nan)
    wide[np.ix_([0, 1, 2, 3, 5, 6, 7, 8, 9, 11], [0, 1, 3, 4])] = y
    assert found(wide) == found(y)


@pytest.mark.parametrize("shape", [(1, 5), (50, 1), (0, 5), (0, 0)])
def test_one_image_or_one_seed_is_no_sample(shape: tuple[int, int]) -> None:
    """Without two of each there is no variance to estimate, and so no interval."""
    assert two_way(np.zeros(shape)) is None


def test_values_of_one_sample_have_students_interval() -> None:
    """scipy's t interval of the defined values; one value is no sample."""
    y = np.random.default_rng(3).normal(size=9)
    found = one_way(np.append(y, np.nan))
    assert found is not None
    expected = stats.t.interval(0.95, 8, loc=y.mean(), scale=stats.sem(y))
    assert (found.lower(0.025), found.upper(0.025)) == pytest.approx(expected, rel=1e-12)
    assert one_way(np.array([0.3, np.nan])) is None


def test_all_undefined_is_no_sample() -> None:
    """A table of NaN has no interval, and raises nothing."""
    assert two_way(np.full((5, 3), np.nan)) is None


def test_without_variance_the_interval_is_a_point() -> None:
    """All cells equal: both bounds are the value, and a claim holds surely or surely not."""
    interval = found(np.full((6, 3), 0.3))
    assert interval.lower(0.05) == interval.upper(0.05) == pytest.approx(0.3)
    assert interval.p_above(0.2) == 0.0
    assert interval.p_above(0.4) == 1.0
    assert interval.p_below(0.4) == 0.0
    assert interval.p_above(interval.mean) == 0.5


def test_rounding_is_not_variance() -> None:
    """Cells that differ in the last bits are a point: a t of 1e12 would otherwise decide anything."""
    y = 0.5 + np.random.default_rng(0).normal(0, 1e-16, (20, 5))
    assert found(y).v == 0.0


def slow_holm(p: list[float]) -> list[float]:
    """Adjusted p by definition: the least level at which step-down rejection reaches the hypothesis."""

    def rejected(alpha: float) -> set[int]:
        left, out = set(range(len(p))), set()
        while left:
            best = min(left, key=lambda i: (p[i], i))
            if p[best] * len(left) > alpha:
                break
            out.add(best)
            left.remove(best)
        return out

    levels = sorted({min(1.0, k * value) for value in p for k in range(1, len(p) + 1)} | {1.0})
    return [next((a for a in levels if i in rejected(a)), 1.0) for i in range(len(p))]


@pytest.mark.parametrize("seed", range(20))
def test_holm_rejects_what_step_down_testing_rejects(seed: int) -> None:
    """Adjusted p values against the least level at which an explicit step-down procedure rejects, ties included."""
    rng = np.random.default_rng(seed)
    p = [float(v) for v in rng.choice([0.0, 0.001, 0.01, 0.012, 0.02, 0.04, 0.3, 1.0], size=int(rng.integers(1, 9)))]
    assert holm(p) == pytest.approx(slow_holm(p), abs=1e-12)


def test_holm_by_hand() -> None:
    """Holm 1979: .01*4, .02*3 raised by nothing, .03*2 raised to .06, .5; order is kept."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([]) == []


def test_p_values_of_far_claims_keep_their_size() -> None:
    """A p value far in the tail is small, not zero by cancellation: Holm multiplies it."""
    interval = TwoWay(mean=0.9, v=1e-4, df=200.0)
    assert interval.p_above(0.5) == pytest.approx(stats.t(200).sf(40.0), rel=1e-6, abs=0)
