"""Two looks at the data instead of one: few images and seeds first, twice as many where that was inconclusive.

Whoever looks twice may err twice, so alpha is split before the first look (Bonferroni; Dunn 1961): whatever the looks
have in common, and whichever of them is reported, a false word is as rare as in a single look at all of alpha. The
second look's draws contain the first's, since images are taken in one seeded order and seeds go by number; trainings
alone are others, since more images are held out.
"""

from enum import StrEnum

from junco.contract.profile import Profile

LOOKS = 2
_DOUBLED = (
    "seeds",
    "class_draws",
    "manipulation_images",
    "fragility_images",
    "tampering_images",
    "label_images",
    "label_seeds",
    "repeat_images",
    "repeat_draws",
    "faithfulness_images",
)
"""What a verdict's interval is taken over; the shift check samples nothing, and what is only shown stays as it is."""


class Look(StrEnum):
    """Which look at the data a plan is."""

    ONLY = "only"
    FIRST = "first"
    SECOND = "second"


def seen(profile: Profile, look: Look) -> Profile:
    """``profile`` as it is for ``look``: alpha's share, and how many images and seeds."""
    if look is Look.ONLY:
        return profile
    count = profile.images_recommended
    sizes = {"images_maximum": count}
    if look is Look.SECOND:
        sizes = {"images_maximum": 2 * count} | {name: 2 * getattr(profile, name) for name in _DOUBLED}
    thresholds = profile.thresholds.model_copy(update={"alpha": profile.thresholds.alpha / LOOKS})
    return profile.model_copy(update={**sizes, "thresholds": thresholds})
