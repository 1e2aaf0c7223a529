"""What is left of what a map has of its own: what a pass needs where the images' maps are alike.

kappa takes other images' maps for chance. Where the trained model's maps of different images resemble one another (one
class, frames of a film, copies) they carry the very signal that is asked about: F grows with rho, and kappa goes to 0
whatever the method does. With G_i the mean similarity of A_i to A_j, a map has R - G of its own, and rho - F of that is
left. A pass needs it shown that this is less than what fails, mean((rho - F) - fail (R - G)) below 0, and R - G above
what counts as the same map: whoever keeps that much of the own passes no oftener than alpha, whatever the images.
"""

from junco.audit.verdict.interval import Table, spread
from junco.audit.verdict.shown import Shown, every, over, under


def survival(rho: Table, floor: Table, *, own: Table, fail: float, margin: float) -> Shown:
    """The claim that a map had something of its own, and lost enough of it; its p is small where a pass may stand.

    ``rho`` and ``floor`` are [images, seeds], ``own`` is R - G [images]; R - G must exceed ``margin``.
    """
    column = own[:, None]
    return every(over(spread(column), margin), under(spread((rho - floor) - fail * column), 0.0))
