"""The check on maps whose fate is known: oracles O7 to O12, and what a run leaves behind."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from junco.audit.batch import Batch
from junco.audit.checks.parameter_randomization import run
from junco.audit.model import Canonical
from junco.contract.catalogue import Arm, Control, Depth, Verdict
from tests.audit.checks import fakes
from tests.audit.checks.fakes import DEPTHS, NOISY, SEEDS, SIGNED, UNSIGNED, Measured, measured
from tests.audit.explain.models import images

Table = NDArray[np.float64]
ALL = [(arm, depth) for arm in Arm for depth in Depth]


@pytest.fixture(scope="module")
def oracles() -> Measured:
    """All fakes in one run, as a job would have them."""
    methods = {
        Control.EDGE_DETECTOR.value: (UNSIGNED, fakes.edges),
        "noise": (NOISY, fakes.noise),
        "constant": (UNSIGNED, fakes.constant),
        "prior": (UNSIGNED, fakes.prior),
        "faithful": (SIGNED, fakes.faithful),
        "first_layer": (SIGNED, fakes.first_layer),
        "flipping": (SIGNED, fakes.flipping),
    }
    return measured(methods)


def test_an_edge_detector_keeps_everything(oracles: Measured) -> None:
    """O7: rho = 1 at every depth (float32), and the word is fail."""
    for arm, depth in ALL:
        assert oracles.table("edge_detector", arm, DEPTHS[depth], "rho") == pytest.approx(1, abs=1e-6)
    judged = oracles.judged("edge_detector")
    assert judged.verdict is Verdict.FAIL
    kappa = judged.depths[Arm.REINIT, Depth.FULL].kappa
    assert kappa is not None
    assert kappa.mean == pytest.approx(1, abs=1e-5)


def test_noise_does_not_reproduce_itself(oracles: Measured) -> None:
    """O8: the ceiling is .80/sqrt(n) with n = 144, and the word is invalid, though nothing is kept."""
    ceiling = oracles["noise", "original", "ceiling"]
    assert float(ceiling.mean()) == pytest.approx(0.80 / 12, abs=0.045)  # 16 draws of sd .05
    assert oracles.judged("noise").verdict is Verdict.INVALID
    assert oracles.table("noise", Arm.REINIT, 3, "rho").mean() < 0.1


def test_a_constant_map_has_no_rank(oracles: Measured) -> None:
    """O9: NaN, never 0 or 1; every map counts as degenerate; the word is invalid."""
    assert np.isnan(oracles["constant", "original", "ceiling"].astype(float)).all()
    assert np.isnan(oracles.table("constant", Arm.PERMUTE, 2, "rho")).all()
    assert (oracles.table("constant", Arm.PERMUTE, 2, "degenerate") == 1).all()
    assert oracles.judged("constant").verdict is Verdict.INVALID


def test_a_fixed_prior_fails_by_identity(oracles: Measured) -> None:
    """O9b: R = F = rho = 1, kappa undefined."""
    for quantity in ("rho", "floor"):
        assert oracles.table("prior", Arm.REINIT, 3, quantity) == pytest.approx(1, abs=1e-6)
    judged = oracles.judged("prior")
    assert judged.verdict is Verdict.FAIL
    assert judged.depths[Arm.REINIT, Depth.TOP].kappa is None


def test_a_map_that_follows_every_weight_passes(oracles: Measured) -> None:
    """Independent maps after any randomisation: kappa 0 at every depth and in both arms."""
    judged = oracles.judged("faithful")
    assert judged.verdict is Verdict.PASS
    for d in judged.depths.values():
        assert d.kappa is not None
        assert abs(d.kappa.mean) < 0.05


def test_a_map_of_the_first_layer_alone_fails_at_the_top_only(oracles: Measured) -> None:
    """O11: rho = 1 as long as the first layer stands, lower at full depth; FAIL_top makes the fail."""
    for arm in Arm:
        for stage in (1, 2):
            assert oracles.table("first_layer", arm, stage, "rho") == pytest.approx(1, abs=1e-6)
        assert oracles.table("first_layer", arm, 3, "rho").mean() < 0.8
    judged = oracles.judged("first_layer")
    assert judged.verdict is Verdict.FAIL
    assert all(judged.depths[arm, Depth.TOP].decision is Verdict.FAIL for arm in Arm)
    assert "upper half" in judged.reason


def test_a_flip_of_sign_is_no_change(oracles: Measured) -> None:
    """O12: signs drawn per model, both of them met, flip-invariant rho = 1, and a fail."""
    model = fakes.network()
    signs = set()
    batch = images(2)
    for arm in Arm:
        assert oracles.table("flipping", arm, 3, "rho") == pytest.approx(1, abs=1e-6)
    found = fakes.measured({"flipping": (SIGNED, fakes.flipping)}, batch, keep=1)
    reference = fakes.flipping(model, batch, 0)[0, 0]
    for arm in Arm:
        for seed in range(SEEDS):
            kept = found["flipping", arm.value, str(seed), "3", "maps"][0]
            signs.add(bool(np.allclose(kept, reference.numpy(), atol=1e-6)))
    assert signs == {True, False}
    assert oracles.judged("flipping").verdict is Verdict.FAIL


def test_the_same_map_as_an_unsigned_one_is_not_flip_invariant() -> None:
    """Unsigned views compare as they are: a reversed order is a correlation of -1, not of 1."""

    def reversed_by_model(model: Canonical, batch: Batch, seed: int) -> Tensor:
        return fakes.flipping(model, batch, seed) + 10

    found = measured({"it": (UNSIGNED, reversed_by_model)})
    values = np.concatenate([found.table("it", arm, 3, "rho").ravel() for arm in Arm])
    assert set(np.round(values, 5)) == {-1.0, 1.0}


@pytest.mark.parametrize("p", [0.19, 0.27, 0.5])
def test_a_painted_input_keeps_its_magnitudes_and_passes(p: float) -> None:
    """O10: for binary x abs-Spearman is 3(1-p)/(3(1-p)+p^2) by ties alone, while the signed map is lost."""
    binary = (images(12, (1, 48, 48)).x < p).double()

    # The network sees 12 x 12 images; the maps are of binary ones, at 48 x 48.
    def painted(model: Canonical, _batch: Batch, _seed: int) -> Tensor:
        return binary * fakes.normal(fakes.fingerprint(model), shape=(1, 1, 48, 48))

    found = measured({"painted": (SIGNED, painted)}, images(12))
    expected = 3 * (1 - p) / (3 * (1 - p) + p**2)
    for arm in Arm:
        assert found.table("painted", arm, 3, "rho_abs").mean() == pytest.approx(expected, abs=0.015)
        assert found.table("painted", arm, 3, "rho").mean() < 0.06
    assert found.judged("painted").verdict is Verdict.PASS


def test_only_a_methods_own_randomness_lowers_its_ceiling() -> None:
    """Deterministic: exactly its own rank vector; stochastic: asked again with another seed."""
    drawn: list[int] = []

    def shaky(model: Canonical, b: Batch, seed: int) -> Tensor:
        drawn.append(seed)
        return fakes.faithful(model, b, 0) + 0.5 * fakes.by_image(b, lambda i: fakes.normal(seed, i, shape=(3, 12, 12)))

    found = measured({"shaky": (NOISY, shaky), "still": (SIGNED, fakes.faithful)})
    assert found["still", "original", "ceiling"] == pytest.approx(np.ones(16), abs=1e-6)
    middle = float(found["shaky", "original", "ceiling"].mean())
    assert middle == pytest.approx(6 / np.pi * np.arcsin(0.8 / 2), abs=0.04)  # Spearman of normals with r = 1/(1+.25)
    assert found.judged("shaky").verdict is Verdict.PASS
    assert len(set(drawn)) == len(drawn) == 2 + 2 * SEEDS * 3


def test_the_model_is_left_as_it_was_and_told_of_all_cells() -> None:
    """After the run the network answers as before; facts list each cell with nothing left unchanged; ticks add up."""
    model, batch, ticks = fakes.network(), images(6), list[int]()
    before = model(batch.x)
    plain = fakes.study(model, {"it": (SIGNED, fakes.faithful)})
    counted = type(plain)(**{**plain.__dict__, "tick": ticks.append})
    partial = run(fakes.shard(6), counted, batch)
    assert torch.equal(model(batch.x), before)
    assert partial.facts["cells"] == [
        {"arm": arm.value, "seed": seed, "unchanged": []} for arm in Arm for seed in range(SEEDS)
    ]
    assert sum(ticks) == 6 * (2 + 2 * SEEDS * 3)


def test_logits_are_those_of_each_randomised_model() -> None:
    """They differ from the original's at every stage, and from one another."""
    found = measured({"it": (SIGNED, fakes.faithful)})
    places = [("logits", arm.value, str(s), str(k)) for arm in Arm for s in range(SEEDS) for k in (1, 2, 3)]
    tables = [found[place] for place in [("logits", "original"), *places]]
    for i, a in enumerate(tables):
        assert all(np.abs(a.astype(float) - b.astype(float)).max() > 1e-3 for b in tables[i + 1 :])
    expected = fakes.network()(images(16).x).numpy()
    assert tables[0] == pytest.approx(expected, abs=1e-5)


def test_a_cell_alone_measures_what_it_measures_in_company() -> None:
    """Splitting cells over shards changes no number."""
    model, batch, methods = fakes.network(), images(8), {"it": (SIGNED, fakes.faithful), "n": (NOISY, fakes.noise)}
    whole = fakes.shard(8)
    together = run(whole, fakes.study(model, methods), batch)
    for cell in whole.cells[::3]:
        alone = run(whole.model_copy(update={"cells": (cell,)}), fakes.study(model, methods), batch)
        shared = [key for key in alone.arrays if key[-1] != "random_vs_random"]
        assert len(shared) > 10
        for key in shared:
            np.testing.assert_array_equal(alone.arrays[key], together.arrays[key])
