"""What every inconclusive word owes its reader: how much data would decide, and when none would."""

from collections.abc import Sequence

import numpy as np
import pytest

from junco.audit.verdict import (
    AimNumbers,
    ClassNumbers,
    FaithNumbers,
    LabelNumbers,
    MethodNumbers,
    Numbers,
    RepeatNumbers,
    Table,
    judge,
    judge_classes,
    judge_faithfulness,
    judge_fragility,
    judge_labels,
    judge_manipulation,
    judge_repeatability,
)
from junco.audit.verdict.word import Judged, forecast
from junco.contract.catalogue import Aim, Arm, Circumstance, Depth, Fill, Rival, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds

T = Thresholds()
OPEN, PASS = Verdict.INCONCLUSIVE, Verdict.PASS


def table(mean: float, sd: float, shape: tuple[int, int], seed: int) -> Table:
    """Images of this standard deviation crossed with seeds of little, about ``mean`` on the average over tables."""
    rng = np.random.default_rng(seed)
    n, s = shape
    cells = mean + rng.normal(0, sd, (n, 1)) + rng.normal(0, 0.03, (1, s)) + rng.normal(0, 0.02, (n, s))
    return np.asarray(cells)


def effect(kappa: Table) -> Numbers:
    """``kappa`` under a ceiling of 1 above a floor of 0."""
    return Numbers(rho=kappa, floor=np.zeros_like(kappa), degenerate=np.zeros_like(kappa))


def randomization(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """parameter_randomization of a method with this kappa at every depth in both arms."""
    kappas = {(arm, depth): effect(table(mean, 0.4, shape, seed)) for arm in Arm for depth in Depth}
    return judge([MethodNumbers("m", np.ones(shape[0]), kappas)], T)[0]


def classes(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """class_sensitivity of a method with this kappa for every rival."""
    many, one = table(mean, 0.4, shape, seed), table(mean, 0.4, (shape[0], 1), seed)
    rivals = {r: effect(many if r is Rival.RANDOM else one) for r in Rival}
    return judge_classes([ClassNumbers("m", np.ones(shape[0]), rivals)], T)[0]


def labels(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """data_randomization of a method with this kappa below twins that share everything."""
    kappa, flat = table(mean, 0.4, shape, seed), np.zeros(shape)
    return judge_labels([LabelNumbers("m", flat + 1, kappa, flat, flat + 0.99, flat, flat)], T)[0]


def repeats(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """repeatability of a method whose maps correlate so with themselves under another seed."""
    rho = dict.fromkeys(Circumstance, np.ones((shape[0], 1))) | {Circumstance.SEED: table(mean, 0.1, shape, seed)}
    return judge_repeatability([RepeatNumbers("m", np.zeros(shape[0]), rho)], T)[0]


def fragility(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """fragility of a method that loses so much more to an attack than to noise, whatever the aim."""
    noise = np.full(shape[0], 0.9)
    aims = dict.fromkeys(Aim, AimNumbers(noise - table(mean, 0.1, (shape[0], 1), seed)[:, 0], noise))
    return judge_fragility({"m": aims}, T, least=5)[0]


def faithfulness(mean: float, shape: tuple[int, int], seed: int = 0) -> Judged:
    """faithfulness of a method that gains so much over random order and over edges."""
    gains = dict.fromkeys(Fill, table(mean, 0.1, (shape[0], 1), seed)[:, 0])
    zero = np.zeros(shape[0])
    found = FaithNumbers("m", zero, gains, gains, dict.fromkeys(Fill, zero + 0.9))
    return judge_faithfulness([found], T, rng=np.random.default_rng(seed))[0]


def manipulation(rate: float, images: int) -> Judged:
    """input_manipulation that succeeds on this share of images."""
    after = np.where(np.arange(images) < round(rate * images), 0.9, 0.2)
    flat = np.ones(images)
    found = {"before": 0.1 * flat, "output": 0 * flat, "image_ssim": flat, "same": flat}
    return judge_manipulation({"m": found | {"after": after, "followed": after}}, T)[0]


CASES = [
    (randomization, 0.1, (12, 4), PASS),
    (randomization, 0.65, (12, 4), Verdict.FAIL),
    (classes, 0.25, (12, 4), PASS),
    (classes, 0.7, (12, 4), Verdict.FAIL),
    (labels, 0.1, (12, 4), PASS),
    (repeats, 0.93, (12, 4), PASS),
    (fragility, 0.06, (12, 1), PASS),
    (fragility, 0.34, (12, 1), Verdict.FAIL),
    (faithfulness, 0.04, (12, 1), PASS),
]


def undecided(check, mean: float, shape: tuple[int, int]) -> Sequence[Judged]:
    """Judgements of this check that did not decide."""
    return [found for found in (check(mean, shape, seed) for seed in range(12)) if found.verdict is OPEN]


@pytest.mark.parametrize(("check", "mean", "shape", "word"), CASES)
def test_as_much_data_as_is_forecast_decides_more_often_than_not(
    check, mean: float, shape: tuple[int, int], word: Verdict
) -> None:
    """Of twelve tables that are too small some forecast; new ones of their middle size mostly get the word.

    Not four in five: those forecast at all that lie on the right side, and so are nearer to their goal than the truth.
    """
    sizes = [found.needed for found in undecided(check, mean, shape) if found.needed]
    assert len(sizes) >= 3
    images = int(np.median([size.images for size in sizes]))
    draws = int(np.median([size.draws or 1 for size in sizes]))
    words = [check(mean, (images, draws), 100 + seed).verdict for seed in range(12)]
    assert words.count(word) >= 6
    assert set(words) <= {word, OPEN}


@pytest.mark.parametrize(("check", "mean", "shape", "_word"), CASES)
def test_the_forecast_is_more_than_there_was_and_part_of_the_sentence(
    check, mean: float, shape: tuple[int, int], _word: Verdict
) -> None:
    """Never fewer images or draws than were judged already; as words, and as numbers for a machine."""
    for found in undecided(check, mean, shape):
        if found.needed:
            assert found.needed.images >= shape[0]
            assert (found.needed.draws is None) == (shape[1] == 1)
            assert found.missing == found.needed
            assert found.summary.endswith(f"; about {found.needed} would decide.")


@pytest.mark.parametrize(("check", "mean"), [(randomization, 0.37), (classes, 0.45), (labels, 0.37), (fragility, 0.2)])
def test_between_the_bounds_no_number_of_images_decides(check, mean: float) -> None:
    """Where the true value lies between pass and fail more data only makes that certain: nothing is forecast."""
    found = check(mean, (800, 8))
    assert (found.verdict, found.needed) == (OPEN, None)
    assert "would decide" not in found.reason


@pytest.mark.parametrize(
    ("rate", "images", "needed"), [(0.0, 20, 35), (0.0, 34, 35), (0.05, 40, 239), (0.6, 30, 194), (0.3, 60, None)]
)
def test_shares_forecast_by_the_score_test(rate: float, images: int, needed: int | None) -> None:
    """sqrt n > (z sqrt(r (1 - r)) + .84 sqrt(p (1 - p))) / |r - p| for the bounds r of .1 and .5, at a share p."""
    found = manipulation(rate, images)
    assert found.verdict is OPEN
    assert (found.needed.images if found.needed else None) == needed
    if needed:
        assert manipulation(rate, needed).verdict is (Verdict.FAIL if rate > 0.5 else PASS)


def test_only_an_open_word_has_a_forecast() -> None:
    """Neither a word that was given, nor one that was taken back for another reason."""
    need = Sample(images=40)
    assert forecast((PASS, "good"), lambda: need) == ((PASS, "good"), None)
    assert forecast((OPEN, "close"), lambda: None) == ((OPEN, "close"), None)
    assert forecast((OPEN, "close"), lambda: need) == ((OPEN, "close; about 40 images would decide"), need)
    assert Judged("m", Verdict.INVALID, "no parity", needed=need).missing is None
