"""Every figure that is written down, against brute force; and maps that have none."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.explanation import Trait
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm, Control, Verdict, View
from tests.audit.checks import fakes
from tests.audit.checks.fakes import SEEDS, SIGNED, UNSIGNED, measured
from tests.audit.explain.models import images

Table = NDArray[np.float64]


def brute(a: Table, b: Table, *, signed: bool) -> float:
    """One similarity, by scipy."""
    rho = float(spearmanr(a.ravel(), b.ravel()).statistic)
    return abs(rho) if signed else rho


def summed(raw: Tensor) -> Table:
    """Signed view."""
    return np.asarray(raw.sum(1).numpy())


def magnitude(raw: Tensor) -> Table:
    """Unsigned view."""
    return np.asarray(raw.abs().sum(1).numpy())


@pytest.mark.parametrize(("view", "reduce"), [(View.SIGNED, summed), (View.UNSIGNED, magnitude)])
def test_every_figure_is_that_of_a_loop_over_pairs(view: View, reduce: object) -> None:
    """rho, floor, magnitudes, twins of seeds and edges against scipy, image by image (float32 storage)."""
    assert callable(reduce)
    trait = Trait(view, deterministic=True)
    methods = {"it": (trait, fakes.faithful), Control.EDGE_DETECTOR.value: (UNSIGNED, fakes.edges)}
    batch, signed = images(5), view is View.SIGNED
    seen: dict[int, Tensor] = {}

    def recorded(model: Canonical, b: Batch, seed: int) -> Tensor:
        maps = fakes.faithful(model, b, seed) + 0.3 * fakes.normal(7, shape=(3, 12, 12))  # a common part: a real floor
        seen[len(seen)] = maps
        return maps

    found = measured(methods | {"it": (trait, recorded)}, batch)
    original = reduce(seen[0])
    order = [(arm, seed, stage) for arm in Arm for seed in range(SEEDS) for stage in (1, 2, 3)]
    for place, (arm, seed, stage) in enumerate(order, start=1):
        now = reduce(seen[place])
        key = ("it", arm.value, str(seed), str(stage))
        for i in range(5):
            assert found[*key, "rho"][i] == pytest.approx(brute(original[i], now[i], signed=signed), abs=1e-6)
            others = [brute(original[i], now[j], signed=signed) for j in range(5) if j != i]
            assert found[*key, "floor"][i] == pytest.approx(np.mean(others), abs=1e-6)
            if signed:
                expected = brute(abs(original[i]), abs(now[i]), signed=False)
                assert found[*key, "rho_abs"][i] == pytest.approx(expected, abs=1e-6)
            if seed > 0:
                before = reduce(seen[place - 3])
                expected = brute(before[i], now[i], signed=signed)
                assert found[*key, "random_vs_random"][i] == pytest.approx(expected, abs=1e-6)
    edge = fakes.edges(fakes.network(), batch, 0)[:, 0].numpy()
    for i in range(5):
        expected = brute(abs(original[i]), edge[i], signed=True)
        assert found["it", "original", "edge"][i] == pytest.approx(expected, abs=1e-6)


def test_degenerate_maps_are_counted_and_left_out_of_the_floor() -> None:
    """Constant and non-finite maps of randomised models: NaN where they stand, no weight in others' floors."""
    seen: list[Tensor] = []

    def breaking(model: Canonical, b: Batch, seed: int) -> Tensor:
        maps = fakes.faithful(model, b, seed)
        if seen:
            maps[1] = 0.0
            maps[3, 0, 0, 0] = torch.nan
        seen.append(maps)
        return maps

    found = measured({"it": (SIGNED, breaking)}, images(6))
    key = ("it", Arm.REINIT.value, "0", "1")
    assert found[*key, "degenerate"].tolist() == [0, 1, 0, 1, 0, 0]
    assert np.isnan(found[*key, "rho"].astype(float)).tolist() == [False, True, False, True, False, False]
    original, now = summed(seen[0]), summed(seen[1])
    expected = np.mean([brute(original[0], now[j], signed=True) for j in (2, 4, 5)])
    assert found[*key, "floor"][0] == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(found[*key, "floor"].astype(float)[[0, 2, 4, 5]]).all()


def test_one_image_has_no_floor() -> None:
    """Nobody else's map to compare with: undefined, no warning and no number made up."""
    found = measured({"it": (SIGNED, fakes.faithful)}, images(1))
    assert np.isnan(found.table("it", Arm.REINIT, 3, "floor")).all()
    assert found.judged("it").verdict is Verdict.INCONCLUSIVE
