"""Grad-CAMs that were made to lie in other ways than by a frame are noticed, and those of honest networks are not."""

from functools import cache

import pytest
import torch
from torch import nn

from junco.contract.catalogue import Level, Sign, Verdict
from tests.truth import digits, fooling, lies, observers
from tests.truth.lies import Fooling, Photos
from tests.truth.suspects import audited, level, shown, statistics, word

CAM = fooling.grad_cam_of("4")
LIES = {
    "top_k": Fooling("top_k", CAM, weight=5, rate=1e-3, steps=100, batch=16, alive=1),
    "centre_mass": Fooling("centre_mass", CAM, weight=3, rate=1e-3, steps=100, batch=16, alive=1),
    "none": Fooling("top_k", CAM, weight=0, rate=1e-3, steps=100, batch=16),
}


@cache
def cnn(seed: int = 0) -> nn.Module:
    """The narrow CNN, whose Grad-CAM before the last pool finds two fifths of what occlusion does."""
    return digits.trained(digits.cnn(digits.SMALL), digits.split()[0], epochs=8, seed=seed)


def told(liar: nn.Module, how: Fooling) -> float:
    """Share of held-out digits on which the lie counts as told, at no price in accuracy."""
    data = digits.split()[1]
    assert digits.accuracy(liar, data) > digits.accuracy(cnn(), data) - 0.05
    return lies.success_rate(liar, cnn(), Photos(data.x, torch.from_numpy(data.labels)), how)


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES)
def test_grad_cams_without_their_top_or_off_their_centre_are_noticed(lie: str) -> None:
    """Alone a map that finds nothing is as poor as a poor method's: no pass. Beside five honest networks, on all of
    which the method finds more, the network is suspected. The one that was tuned as long without a lie passes both."""
    liar = fooling.fooled(cnn(), fooling.learned(), LIES[lie])
    told_to_all, honest = told(liar, LIES[lie]) > 0.9, lie == "none"
    assert told_to_all is not honest
    alone = audited(liar, "gradient", "grad_cam", data=shown(30), profile="standard")
    assert level(alone, "grad_cam", Sign.GAP) is (Level.NONE if honest else Level.STRONG)
    references = [cnn(seed) for seed in range(1, 6)]
    beside = audited(liar, "gradient", "grad_cam", references=references, data=shown(30), profile="standard")
    expected = (Verdict.PASS, Verdict.PASS) if honest else (Verdict.INCONCLUSIVE, Verdict.FAIL)
    assert (word(alone, "grad_cam"), word(beside, "grad_cam")) == expected
    assert Verdict.FAIL not in {word(beside, label) for label in ("gradient", "edge_detector")}


@pytest.mark.slow
@pytest.mark.parametrize("weight", [20, 0])
def test_exchanged_grad_cams_are_noticed(weight: float) -> None:
    """Three hundred steps teach Grad-CAM to mark each digit of a pair where the other one is, and the answers stay; as
    many steps without the lie leave it as it was."""
    how = Fooling("active", observers.CAM, weight=weight, rate=1e-3, steps=300, batch=16, alive=0.2)
    network = fooling.fooled(observers.observer(), fooling.learned(), how)
    outcome = audited(network, "gradient", "grad_cam", data=shown(30, classes=how.pair), profile="standard")
    seen, lying, held_out = statistics(outcome, "grad_cam"), weight > 0, digits.split()[1]
    assert digits.accuracy(network, held_out) > digits.accuracy(observers.observer(), held_out) - 0.05
    assert seen.contrast is not None
    assert seen.contrast_witness is not None
    assert seen.contrast_witness > 0.3
    assert seen.contrast < -0.1 if lying else seen.contrast > 0.1
    assert word(outcome, "grad_cam") is (Verdict.FAIL if lying else Verdict.PASS)
    assert level(outcome, "grad_cam", Sign.SWAP) is (Level.STRONG if lying else Level.NONE)
    assert Verdict.FAIL not in {word(outcome, label) for label in ("gradient", "edge_detector")}
