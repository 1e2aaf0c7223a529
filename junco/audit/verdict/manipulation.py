"""The verdict of input_manipulation: numbers in, verdict out (docs/verdicts.md).

An image is manipulated when its class stays, its softmax output moves by no more than manipulation_output, it stays
as similar to itself as manipulation_image, and its map's correlation with the target rises by manipulation_gain. FAIL
(vulnerable) when Wilson's interval of the share of such images lies above manipulation_fail, Holm-corrected over
methods, PASS (resistant to this attack) when it lies below manipulation_pass and the attack did not merely fail to
leave its smooth twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.grounds import too_many_lost
from junco.audit.verdict.interval import Table, holm
from junco.audit.verdict.reach import MOST, POWER, sample
from junco.audit.verdict.share import Share, least_trials, share
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds

Quantities = Mapping[str, Table]
"""What was measured of each image: before, after, followed, output, image_ssim, same."""


@dataclass(frozen=True)
class ManipulationJudgement(Judged):
    """The word on one method, with the share of images on which the attack succeeded."""

    success: Share
    undefined: int
    p_fail: float
    p_fail_holm: float


def manipulated(found: Quantities, t: Thresholds, *, seen: str = "after") -> Table:
    """Per image 1 where the attack succeeded, 0 where not, NaN where it could not: no map, or already the target's."""
    gain = found[seen] - found["before"]
    kept = (found["same"] == 1) & (found["output"] <= t.manipulation_output)
    success = kept & (found["image_ssim"] >= t.manipulation_image) & (gain >= t.manipulation_gain)
    # A map that is lost altogether (NaN after) is not the target's: no success. Without a map before there is no trial.
    trial = found["before"] <= 1 - t.manipulation_gain
    return np.where(trial, success, np.nan)


def judge_manipulation(methods: Mapping[str, Quantities], t: Thresholds) -> tuple[ManipulationJudgement, ...]:
    """Judge ``methods`` by their plain maps, together: they share one Holm correction."""
    claims = [share(manipulated(found, t)).p_above(t.manipulation_fail) for found in methods.values()]
    corrected = zip(methods.items(), claims, holm(claims), strict=True)
    return tuple(_judged(label, found, t, (p, p_holm, len(claims))) for (label, found), p, p_holm in corrected)


def _judged(label: str, found: Quantities, t: Thresholds, p: tuple[float, float, int]) -> ManipulationJudgement:
    success, twin = (share(manipulated(found, t, seen=seen)) for seen in ("after", "followed"))
    images, lost = len(found["before"]), int(np.isnan(found["before"]).sum())
    p_fail, p_holm, claims = p
    word = _verdict(success, twin, lost / max(1, images), t, p_holm)
    said, needed = forecast(word, lambda: _needed(success, twin, images, t, claims=claims))
    undefined = images - success.trials
    return ManipulationJudgement(
        label, *said, success=success, undefined=undefined, p_fail=p_fail, p_fail_holm=p_holm, needed=needed
    )


def _verdict(success: Share, twin: Share, lost: float, t: Thresholds, p_holm: float) -> Said:
    invalid = too_many_lost(lost, t)
    if invalid:
        return Verdict.INVALID, invalid
    said = f"{success.successes} of {success.trials} images could be made to show another image's map"
    if success.trials < t.manipulation_images:
        return Verdict.INCONCLUSIVE, f"{said}, and a word takes {t.manipulation_images} images"
    if p_holm < t.alpha:
        return Verdict.FAIL, f"vulnerable: {said}"
    low, high = success.bounds(t.alpha)
    if high >= t.manipulation_pass:
        return Verdict.INCONCLUSIVE, f"{said} (between {low:.0%} and {high:.0%})"
    if twin.bounds(t.alpha)[1] >= t.manipulation_pass:
        caught = f"{twin.successes} maps of the smooth twin that the attack follows"
        return Verdict.INCONCLUSIVE, f"{said}, but {caught} could: the attack did not carry over"
    return Verdict.PASS, f"resistant to this attack: {said}"


def _needed(success: Share, twin: Share, images: int, t: Thresholds, *, claims: int) -> Sample | None:
    """Images at which the shares seen would show a pass or a fail; none where one lies between the bounds."""
    if not success.trials:
        return None
    if max(success.rate, twin.rate) < t.manipulation_pass:
        least = max(least_trials(t.manipulation_pass, t.alpha, seen=s.rate, power=POWER) for s in (success, twin))
    elif success.rate > t.manipulation_fail:
        least = least_trials(t.manipulation_fail, t.alpha / claims, seen=success.rate, power=POWER)
    else:
        return None
    factor = max(least, t.manipulation_images) / success.trials
    return sample(factor, images) if factor <= MOST else None
