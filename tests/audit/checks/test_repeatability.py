"""repeatability on real methods, and on methods that do not repeat themselves in one way each."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.repeatability import RepeatStudy, backwards, run, threads
from junco.audit.explain import build
from junco.audit.explanation import Explainer
from junco.audit.maps import Comparison
from junco.audit.model import Canonical
from junco.audit.partial import Partial
from junco.audit.similarity.spearman import cross, prepare
from junco.contract.catalogue import Circumstance, Control, Method
from tests.audit.checks.fakes import NOISY, SIGNED, Fake, network
from tests.audit.explain.models import bound, images

N, DRAWS = 6, 3
COMPARISON = Comparison(prepare=prepare, cross=cross)


def measured(explainer: Explainer, other: Explainer | None = None, model: Canonical | None = None) -> Partial:
    """The check on six images."""
    ticks = list[int]()
    study = RepeatStudy(model or network(), explainer, other or explainer, COMPARISON, draws=DRAWS, tick=ticks.append)
    partial = run(study, images(N), cost=7, keep=2)
    assert sum(ticks) == 7
    return partial


def real(names: Sequence[Method | Control]) -> Partial:
    """Real methods, in passes of 8 and of 4 images."""
    model, methods = network(), [bound(name) for name in names]
    return measured(build(methods, model, batch_size=8), build(methods, model, batch_size=4), model)


def test_real_methods_repeat_themselves_as_far_as_they_are_deterministic() -> None:
    """The gradient is the same to rounding of float64; SmoothGrad moves with the seed alone; noise is another map."""
    found = real([Method.GRADIENT, Method.SMOOTHGRAD, Control.GAUSSIAN_NOISE]).arrays
    for circumstance in Circumstance:
        assert found["gradient", circumstance, "0", "difference"].max() < 1e-12
        assert found["gradient", circumstance, "0", "rho"].min() > 1 - 1e-6
    for quiet in (Circumstance.ORDER, Circumstance.THREADS):
        assert found["smoothgrad", quiet, "0", "difference"].max() < 1e-12
        assert found["gaussian_noise", quiet, "0", "rho"].min() > 1 - 1e-6
    assert found["smoothgrad", Circumstance.SEED, "0", "difference"].min() > 1e-3
    # sd of a rank correlation of 144 pixels is .084
    assert abs(found["gaussian_noise", Circumstance.SEED, "2", "rho"]).max() < 0.35


def test_figures_are_those_of_the_maps() -> None:
    """Spearman by scipy, with its sign; the largest difference over the peak; maps are kept."""
    maps = {seed: torch.randn(N, 1, 12, 12, generator=torch.Generator().manual_seed(seed)) for seed in range(9)}
    found = measured(Fake({"m": (NOISY, lambda _m, _b, seed: maps[seed])})).arrays
    for draw in range(DRAWS):
        first, again = maps[0][:, 0], maps[1 + draw][:, 0]
        for i in range(N):
            rho = spearmanr(first[i].ravel(), again[i].ravel()).statistic
            assert found["m", Circumstance.SEED, str(draw), "rho"][i] == pytest.approx(rho, abs=1e-6)
            expected = (first[i] - again[i]).abs().max() / first[i].abs().max()
            assert found["m", Circumstance.SEED, str(draw), "difference"][i] == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_array_equal(found["m", "maps"][1], torch.stack([maps[0][1, 0], maps[1][1, 0]]).numpy())


def test_a_map_that_depends_on_its_neighbours_is_caught() -> None:
    """The image's place in the batch, which another order changes, and a seed does not."""

    def by_place(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
        return batch.x * torch.linspace(-1, 1, len(batch)).view(-1, 1, 1, 1)

    found = measured(Fake({"m": (SIGNED, by_place)})).arrays
    assert found["m", Circumstance.SEED, "0", "rho"].min() > 1 - 1e-6
    assert found["m", Circumstance.ORDER, "0", "rho"].max() < -1 + 1e-6


def test_a_map_that_depends_on_the_threads_is_caught() -> None:
    """And the number of threads is what it was, also after an error."""
    before = torch.get_num_threads()

    def by_threads(_model: Canonical, batch: Batch, _seed: int) -> Tensor:
        return batch.x if torch.get_num_threads() == before else -batch.x

    found = measured(Fake({"m": (SIGNED, by_threads)})).arrays
    assert found["m", Circumstance.THREADS, "0", "rho"].max() < -1 + 1e-6
    assert found["m", Circumstance.ORDER, "0", "rho"].min() > 1 - 1e-6
    with pytest.raises(RuntimeError), threads(before + 1):
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_constant_maps_are_told() -> None:
    """They have no ranks and no difference of zero's peak."""
    found = measured(Fake({"zero": (SIGNED, lambda _m, b, _s: torch.zeros_like(b.x))})).arrays
    assert found["zero", "original", "degenerate"].all()
    assert np.isnan(found["zero", Circumstance.SEED, "0", "rho"]).all()
    assert np.isnan(found["zero", Circumstance.SEED, "0", "difference"]).all()


def test_backwards_keeps_each_image_with_its_place() -> None:
    """Index and target go with the image."""
    batch = images(N)
    turned = backwards(batch)
    assert turned.index == tuple(reversed(batch.index))
    assert torch.equal(turned.x[0], batch.x[-1])
    assert torch.equal(turned.targets, batch.targets.flip(0))
