"""The verdict of fragility: numbers in, verdict out (docs/verdicts.md).

The score of an image and an aim is the share of the top k that the attack takes less what noise of the same size takes.
FAIL needs a mean score above fragility_fail for some aim, Holm-corrected over methods and aims; PASS needs one below
fragility_pass for every aim, and noise that leaves the attack something to take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from junco.audit.verdict.interval import Table, TwoWay, holm, spread
from junco.contract.catalogue import Aim, Verdict
from junco.contract.profile import Thresholds


@dataclass(frozen=True)
class AimNumbers:
    """Overlap [images] with the original's top k, after the attack and after noise; NaN where there is no map."""

    attack: Table
    noise: Table


@dataclass(frozen=True)
class Loss:
    """What one aim took of one method's maps, and what that supports on its own."""

    score: TwoWay | None
    p_fail: float
    p_pass: float
    p_fail_holm: float = 1.0
    decision: Verdict = Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class FragilityJudgement:
    """The word on one method, and why, as the end of a sentence."""

    label: str
    verdict: Verdict
    reason: str
    undefined: int
    aims: Mapping[Aim, Loss]


def judge_fragility(
    methods: Mapping[str, Mapping[Aim, AimNumbers]], t: Thresholds, *, least: int
) -> tuple[FragilityJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction over the aims; ``least`` images are needed."""
    losses = {label: {aim: _loss(n, t) for aim, n in aims.items()} for label, aims in methods.items()}
    claims = iter(holm([e.p_fail for aims in losses.values() for e in aims.values()]))
    decided = {label: {a: _decided(e, next(claims), t) for a, e in aims.items()} for label, aims in losses.items()}
    return tuple(_judged(label, list(methods[label].values()), aims, t, least) for label, aims in decided.items())


def _loss(numbers: AimNumbers, t: Thresholds) -> Loss:
    score = spread((numbers.noise - numbers.attack)[:, None])
    if score is None:
        return Loss(None, 1.0, 1.0)
    return Loss(score, score.p_above(t.fragility_fail), score.p_below(t.fragility_pass))


def _decided(e: Loss, p_holm: float, t: Thresholds) -> Loss:
    acquitted = Verdict.PASS if e.p_pass <= t.alpha else Verdict.INCONCLUSIVE
    return replace(e, p_fail_holm=p_holm, decision=Verdict.FAIL if p_holm <= t.alpha else acquitted)


def _judged(
    label: str, numbers: Sequence[AimNumbers], aims: Mapping[Aim, Loss], t: Thresholds, least: int
) -> FragilityJudgement:
    lost = int(np.isnan(numbers[0].attack).sum())
    count = len(numbers[0].attack)
    left = float(np.nanmean(np.stack([n.noise for n in numbers]))) if lost < count else 0.0
    if lost > t.undefined_share * count:
        word = Verdict.INVALID, f"{lost} of its {count} maps are constant or not finite"
    else:
        word = _verdict(aims, left, t)
        if count - lost < least and word[0] in (Verdict.PASS, Verdict.FAIL):
            few = f"{count - lost} images are too few for a word, {least} are needed"
            word = Verdict.INCONCLUSIVE, f"{word[1]}; but {few}"
    return FragilityJudgement(label, *word, undefined=lost, aims=aims)


def _verdict(aims: Mapping[Aim, Loss], left: float, t: Thresholds) -> tuple[Verdict, str]:
    failed = [(e.score.mean, aim) for aim, e in aims.items() if e.decision is Verdict.FAIL and e.score]
    if failed:
        mean, aim = max(failed)
        return Verdict.FAIL, f"an attack on {_NAMES[aim]} takes {mean:.0%} more of the top of the map than noise does"
    if left < t.fragility_room:
        return Verdict.INCONCLUSIVE, f"noise of this size alone leaves {left:.0%} of the top of the map"
    worst = max((e.score.mean for e in aims.values() if e.score), default=float("nan"))
    if all(e.decision is Verdict.PASS for e in aims.values()):
        return Verdict.PASS, f"no attack takes more than {max(0.0, worst):.0%} of the top of the map beyond noise"
    return Verdict.INCONCLUSIVE, f"the evidence decides neither way (attacks take {worst:.0%} more than noise)"


_NAMES = {
    Aim.TOP_K: "its largest values",
    Aim.MASS_CENTRE: "its centre of mass",
    Aim.REGION: "one quarter of the image",
}
