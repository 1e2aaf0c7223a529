"""One mean of a method that must lie on one side of two bounds: what it supports, alone and among others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from junco.audit.verdict.interval import TwoWay, holm
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds

K = TypeVar("K")


@dataclass(frozen=True)
class Claim:
    """A mean, None where too little was measured, and p values of its lying where it fails and where it passes."""

    mean: TwoWay | None
    p_fail: float = 1.0
    p_pass: float = 1.0
    p_fail_holm: float = 1.0
    decision: Verdict = Verdict.INCONCLUSIVE


def decided(methods: Sequence[Mapping[K, Claim]], t: Thresholds) -> list[dict[K, Claim]]:
    """Every method's claims with their words; failing is Holm-corrected over all claims of all ``methods``."""
    corrected = iter(holm([claim.p_fail for claims in methods for claim in claims.values()]))
    return [{key: _decided(claim, next(corrected), t) for key, claim in claims.items()} for claims in methods]


def _decided(claim: Claim, p_holm: float, t: Thresholds) -> Claim:
    acquitted = Verdict.PASS if claim.p_pass <= t.alpha else Verdict.INCONCLUSIVE
    return replace(claim, p_fail_holm=p_holm, decision=Verdict.FAIL if p_holm <= t.alpha else acquitted)
