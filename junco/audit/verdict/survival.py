"""What is left of what a map has of its own: what a pass needs where the images' maps are alike.

kappa takes other images' maps for chance. Where the trained model's maps of different images resemble one another (one
class, frames of a film, copies) they carry the very signal that is asked about: F grows with rho, and kappa goes to 0
whatever the method does. With G_i the mean similarity of A_i to A_j, a map has R - G of its own, and rho - F of that is
left. A pass needs it shown that this is less than what fails, mean((rho - F) - fail (R - G)) below 0, and R - G above
what counts as the same map: whoever keeps that much of the own passes no oftener than alpha, whatever the images.
"""

from dataclasses import dataclass

from junco.audit.verdict.interval import Table, TwoWay, spread
from junco.audit.verdict.reach import above, all_of, below


@dataclass(frozen=True)
class Survival:
    """Intervals of R - G, ``own``, which must exceed ``margin``, and of (rho - F) - fail (R - G), ``excess``."""

    own: TwoWay | None
    excess: TwoWay | None
    margin: float

    @property
    def p(self) -> float:
        """p of so much being left that it fails, or of there being nothing to lose; small lets pass."""
        if self.own is None or self.excess is None:
            return 1.0
        return max(self.own.p_above(self.margin), self.excess.p_below(0.0))

    def growth(self, alpha: float) -> float | None:
        """How many times the data would show it; None where it does not look like it."""
        return all_of([above(self.own, self.margin, alpha), below(self.excess, 0.0, alpha)])


def survival(rho: Table, floor: Table, *, own: Table, fail: float, margin: float) -> Survival:
    """``rho`` and ``floor`` are [images, seeds], ``own`` is R - G [images]."""
    column = own[:, None]
    return Survival(own=spread(column), excess=spread((rho - floor) - fail * column), margin=margin)
