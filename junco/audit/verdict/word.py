"""The common end of every check: a word on one method, why, and what would decide it where it is open."""

from collections.abc import Callable
from dataclasses import dataclass, field

from junco.contract.catalogue import Verdict
from junco.contract.statistics import Sample

Said = tuple[Verdict, str]
"""A word, and why, as the end of a sentence."""


@dataclass(frozen=True)
class Judged:
    """The word on one method, and why, as the end of a sentence; a check adds the figures that it rests on.

    ``needed`` is how much data would decide, where that is all that was missing.
    """

    label: str
    verdict: Verdict
    reason: str
    needed: Sample | None = field(default=None, kw_only=True)

    @property
    def summary(self) -> str:
        """The sentence, with the method's name in front."""
        return f"{self.label}: {self.reason}."

    @property
    def missing(self) -> Sample | None:
        """What would decide: nothing more where the word was given, or was taken back for another reason."""
        return self.needed if self.verdict is Verdict.INCONCLUSIVE else None


def forecast(said: Said, needs: Callable[[], Sample | None]) -> tuple[Said, Sample | None]:
    """``said`` with what would decide, where it is inconclusive and anything would."""
    verdict, reason = said
    needed = needs() if verdict is Verdict.INCONCLUSIVE else None
    return ((verdict, reason + would_decide(needed)), needed) if needed else (said, None)


def would_decide(needed: Sample | None) -> str:
    """The end of a sentence that says how much data would decide; empty where none would."""
    return f"; about {needed} would decide" if needed else ""
