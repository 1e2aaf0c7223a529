"""The verdict of fragility: numbers in, verdict out (docs/verdicts.md).

The score of an image and an aim is the share of the top k that the attack takes less what noise of the same size takes.
FAIL needs a mean score above fragility_fail for some aim, Holm-corrected over methods and aims; PASS needs one below
fragility_pass for every aim, and noise that leaves the attack something to take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.claim import Claim, decided
from junco.audit.verdict.interval import Table, spread
from junco.audit.verdict.reach import above, all_of, any_of, below, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Aim, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class AimNumbers:
    """Overlap [images] with the original's top k, after the attack and after noise; NaN where there is no map."""

    attack: Table
    noise: Table


@dataclass(frozen=True)
class FragilityJudgement(Judged):
    """The word on one method, with the claim for every aim."""

    undefined: int
    aims: Mapping[Aim, Claim]


@dataclass(frozen=True)
class _Need:
    """Images below which there is no word, and the claims that share the error rate."""

    images: int
    claims: int


def judge_fragility(
    methods: Mapping[str, Mapping[Aim, AimNumbers]], t: Thresholds, *, least: int
) -> tuple[FragilityJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over the aims; ``least`` images are needed."""
    losses = decided([{aim: _loss(n, t) for aim, n in aims.items()} for aims in methods.values()], t)
    need = _Need(least, claims=sum(len(aims) for aims in losses))
    return tuple(
        _judged(label, list(numbers.values()), aims, t, need)
        for (label, numbers), aims in zip(methods.items(), losses, strict=True)
    )


def _loss(numbers: AimNumbers, t: Thresholds) -> Claim:
    score = spread((numbers.noise - numbers.attack)[:, None])
    return Claim(score, score.p_above(t.fragility_fail), score.p_below(t.fragility_pass)) if score else Claim(None)


def _judged(
    label: str, numbers: Sequence[AimNumbers], aims: Mapping[Aim, Claim], t: Thresholds, need: _Need
) -> FragilityJudgement:
    lost = int(np.isnan(numbers[0].attack).sum())
    count = len(numbers[0].attack)
    left = float(np.nanmean(np.stack([n.noise for n in numbers]))) if lost < count else 0.0
    if lost > t.undefined_share * count:
        word: Said = Verdict.INVALID, f"{lost} of its {count} maps are constant or not finite"
    else:
        word = _verdict(aims, left, t)
    said, needed = forecast(word, lambda: _needed(aims, t, need, count) if left >= t.fragility_room else None)
    if count - lost < need.images and said[0] in (Verdict.PASS, Verdict.FAIL):
        few = f"{count - lost} images are too few for a word, {need.images} are needed"
        said = Verdict.INCONCLUSIVE, f"{said[1]}; but {few}"
    return FragilityJudgement(label, *said, undefined=lost, aims=aims, needed=needed)


def _needed(aims: Mapping[Aim, Claim], t: Thresholds, need: _Need, images: int) -> Sample | None:
    """Images that would show a pass for every aim, or a fail for one; at least those without which there is no word."""
    passing = all_of(below(e.mean, t.fragility_pass, t.alpha) for e in aims.values())
    failing = any_of(above(e.mean, t.fragility_fail, t.alpha / need.claims) for e in aims.values())
    factor = any_of([passing, failing])
    return sample(None if factor is None else max(factor, need.images / images), images)


def _verdict(aims: Mapping[Aim, Claim], left: float, t: Thresholds) -> Said:
    failed = [(e.mean.mean, aim) for aim, e in aims.items() if e.decision is Verdict.FAIL and e.mean]
    if failed:
        mean, aim = max(failed)
        return Verdict.FAIL, f"an attack on {_NAMES[aim]} takes {mean:.0%} more of the top of the map than noise does"
    if left < t.fragility_room:
        return Verdict.INCONCLUSIVE, f"noise of this size alone leaves {left:.0%} of the top of the map"
    worst = max((e.mean.mean for e in aims.values() if e.mean), default=float("nan"))
    if all(e.decision is Verdict.PASS for e in aims.values()):
        return Verdict.PASS, f"no attack takes more than {max(0.0, worst):.0%} of the top of the map beyond noise"
    return Verdict.INCONCLUSIVE, f"the evidence decides neither way (attacks take {worst:.0%} more than noise)"


_NAMES = {
    Aim.TOP_K: "its largest values",
    Aim.MASS_CENTRE: "its centre of mass",
    Aim.REGION: "one quarter of the image",
}
