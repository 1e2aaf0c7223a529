"""How often the rule of parameter_randomization errs, and how often it decides, on tables drawn from a known model.

kappa is drawn as effect + image + seed + residual, normal with the standard deviations of ``SPREADS``, the images'
part shared by all depths and arms. At the thresholds themselves a wrong word must fall on at most 6 % of methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.replicate.work import Found
from junco.audit.verdict import MethodNumbers, Numbers, judge
from junco.contract.catalogue import Arm, Depth, Verdict
from junco.contract.profile import PROFILES
from junco.contract.thresholds import Thresholds

REPETITIONS = 2000
GRID = tuple(round(0.05 * i, 2) for i in range(17))
SIZES: Mapping[str, tuple[int, int]] = {p.name.value: (p.images_recommended, p.seeds) for p in PROFILES.values()}
"""Images and seeds of the profiles, at the number of images that each recommends."""


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the parts of kappa."""

    image: float
    seed: float
    residual: float


SPREADS: Mapping[str, Spread] = {
    "usual": Spread(0.12, 0.03, 0.10),
    "seeds differ": Spread(0.12, 0.08, 0.10),
    "Grad-CAM-like": Spread(0.40, 0.05, 0.20),
}


def rates() -> Found:
    """Shares of each word at the thresholds, and along a grid of effects."""
    t = Thresholds()
    at = {"pass": t.tau_pass, "fail": t.tau_fail}
    return {
        "repetitions": REPETITIONS,
        "wrong": {
            spread: {size: {word: shares(tau, spread, size)[word] for word, tau in at.items()} for size in SIZES}
            for spread in SPREADS
        },
        "one_depth": {word: _one_depth(tau)[word] for word, tau in at.items()},
        "power": {
            size: {str(effect): shares(effect, "usual", size, repetitions=300) for effect in GRID} for size in SIZES
        },
    }


def shares(effect: float, spread: str, size: str, *, repetitions: int = REPETITIONS) -> dict[str, float]:
    """Share of each word among methods whose kappa is ``effect`` at every depth in both arms."""
    t = Thresholds()
    words = [judge([_drawn(seed, effect, spread, size)], t)[0].verdict for seed in range(repetitions)]
    return {word.value: words.count(word) / repetitions for word in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)}


def _one_depth(effect: float) -> dict[str, float]:
    """The same for one depth in one arm alone, uncorrected: what alpha promises."""
    t, place = Thresholds(), (Arm.REINIT, Depth.TOP)
    drawn = (_drawn(seed, effect, "usual", "standard") for seed in range(REPETITIONS))
    words = [judge([m], t)[0].depths[place].decision for m in drawn]
    return {word.value: words.count(word) / REPETITIONS for word in Verdict}


def _drawn(seed: int, effect: float, spread: str, size: str) -> MethodNumbers:
    rng, sd, (n, s) = np.random.default_rng(seed), SPREADS[spread], SIZES[size]
    images, none = rng.normal(0, sd.image, (n, 1)), np.zeros((n, s))
    depths = {}
    for arm in Arm:
        for depth in (Depth.TOP, Depth.FULL):
            y = effect + images + rng.normal(0, sd.seed, (1, s)) + rng.normal(0, sd.residual, (n, s))
            depths[arm, depth] = Numbers(rho=y, floor=none, degenerate=none)
    return MethodNumbers(label="m", ceiling=np.ones(n), depths=depths)
