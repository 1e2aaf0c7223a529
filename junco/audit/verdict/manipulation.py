"""The verdict of input_manipulation: numbers in, verdict out (docs/verdicts.md).

An image is manipulated when its class stays, its softmax output moves by no more than manipulation_output, it stays
as similar to itself as manipulation_image, and its map's correlation with the target rises by manipulation_gain. FAIL
(vulnerable) when Wilson's interval of the share of such images lies above manipulation_fail, PASS (resistant to this
attack) when it lies below manipulation_pass and the attack did not merely fail to leave its smooth twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from junco.audit.verdict.interval import Table
from junco.audit.verdict.share import Share, least_trials, share
from junco.contract.catalogue import Verdict
from junco.contract.profile import Thresholds

Quantities = Mapping[str, Table]
"""What was measured of each image: before, after, followed, output, image_ssim, same."""


@dataclass(frozen=True)
class ManipulationJudgement:
    """The word on one method, and why, as the end of a sentence."""

    label: str
    verdict: Verdict
    reason: str
    success: Share
    undefined: int


def manipulated(found: Quantities, t: Thresholds, *, seen: str = "after") -> Table:
    """Per image 1 where the attack succeeded, 0 where not, NaN where it could not: no map, or already the target's."""
    gain = found[seen] - found["before"]
    kept = (found["same"] == 1) & (found["output"] <= t.manipulation_output)
    success = kept & (found["image_ssim"] >= t.manipulation_image) & (gain >= t.manipulation_gain)
    # A map that is lost altogether (NaN after) is not the target's: no success. Without a map before there is no trial.
    trial = found["before"] <= 1 - t.manipulation_gain
    return np.where(trial, success, np.nan)


def judge_manipulation(label: str, found: Quantities, t: Thresholds) -> ManipulationJudgement:
    """Judge one method by its plain map."""
    success, twin = (share(manipulated(found, t, seen=seen)) for seen in ("after", "followed"))
    lost = int(np.isnan(found["before"]).sum())
    verdict, reason = _verdict(success, twin, lost / max(1, len(found["before"])), t)
    return ManipulationJudgement(label, verdict, reason, success, len(found["before"]) - success.trials)


def _verdict(success: Share, twin: Share, lost: float, t: Thresholds) -> tuple[Verdict, str]:
    if lost > t.undefined_share:
        return Verdict.INVALID, f"{lost:.0%} of its maps are constant or not finite"
    said = f"{success.successes} of {success.trials} images could be made to show another image's map"
    if success.trials < t.manipulation_images:
        return Verdict.INCONCLUSIVE, f"{said}, and a word takes {t.manipulation_images} images"
    low, high = success.bounds(t.alpha)
    if low > t.manipulation_fail:
        return Verdict.FAIL, f"vulnerable: {said}"
    if high >= t.manipulation_pass:
        return Verdict.INCONCLUSIVE, f"{said} (between {low:.0%} and {high:.0%}){_more(success, t)}"
    if twin.bounds(t.alpha)[1] >= t.manipulation_pass:
        caught = f"{twin.successes} maps of the smooth twin that the attack follows"
        return Verdict.INCONCLUSIVE, f"{said}, but {caught} could: the attack did not carry over"
    return Verdict.PASS, f"resistant to this attack: {said}"


def _more(success: Share, t: Thresholds) -> str:
    """What would decide, where it is the number of images alone that is short."""
    least = least_trials(t.manipulation_pass, t.alpha)
    return f"; with none it takes {least} images to acquit" if not success.successes else ""
