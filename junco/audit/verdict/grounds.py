"""What must hold of a method's own maps before a statistic of them means anything, whatever the check."""

from junco.audit.verdict.effect import mean
from junco.audit.verdict.interval import Table
from junco.contract.thresholds import Thresholds


def lost(degenerate: Table) -> float:
    """Share of maps that are constant or not finite; 1 where there is none at all."""
    return float(degenerate.mean()) if degenerate.size else 1.0


def too_many_lost(share: float, t: Thresholds, *, which: str = "") -> str | None:
    """Why maps of which this ``share`` is lost cannot be judged; None where they can."""
    return f"{share:.0%} of its maps{which} are constant or not finite" if share > t.undefined_share else None


def irreproducible(ceiling: Table, t: Thresholds) -> str | None:
    """Why a method with this self-similarity [images] cannot be judged; None where it can."""
    found = mean(ceiling)
    return f"it does not reproduce itself (self-similarity {found:.2f})" if found < t.ceiling_minimum else None
