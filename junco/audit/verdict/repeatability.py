"""The verdict of repeatability: numbers in, verdict out (docs/verdicts.md).

PASS needs a mean correlation of a map with itself above repeat_pass under every circumstance; FAIL one below
repeat_fail under any, Holm-corrected over methods and circumstances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from junco.audit.verdict.claim import Claim, decided
from junco.audit.verdict.grounds import lost, too_many_lost
from junco.audit.verdict.interval import Table, spread
from junco.audit.verdict.reach import above, all_of, any_of, below, sample
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Circumstance, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class RepeatNumbers:
    """Correlations [images, draws] of one method's maps with themselves; NaN where a map has no ranks."""

    label: str
    degenerate: Table
    rho: Mapping[Circumstance, Table]


@dataclass(frozen=True)
class RepeatJudgement(Judged):
    """The word on one method, with the claim under every circumstance."""

    undefined: float
    repeats: Mapping[Circumstance, Claim]


def judge_repeatability(methods: Sequence[RepeatNumbers], t: Thresholds) -> tuple[RepeatJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction."""
    found = decided([{c: _repeat(table, t) for c, table in m.rho.items()} for m in methods], t)
    claims = sum(len(repeats) for repeats in found)
    return tuple(_judged(m, repeats, t, claims=claims) for m, repeats in zip(methods, found, strict=True))


def _repeat(table: Table, t: Thresholds) -> Claim:
    rho = spread(table)
    return Claim(rho, rho.p_below(t.repeat_fail), rho.p_above(t.repeat_pass)) if rho else Claim(None)


def _judged(m: RepeatNumbers, repeats: Mapping[Circumstance, Claim], t: Thresholds, *, claims: int) -> RepeatJudgement:
    undefined = lost(m.degenerate)
    invalid = too_many_lost(undefined, t)
    word: Said = (Verdict.INVALID, invalid) if invalid else _word(repeats)
    said, needed = forecast(word, lambda: _needed(m, repeats, t, claims=claims))
    return RepeatJudgement(m.label, *said, undefined=undefined, repeats=repeats, needed=needed)


def _needed(m: RepeatNumbers, repeats: Mapping[Circumstance, Claim], t: Thresholds, *, claims: int) -> Sample | None:
    """Data that would show a pass under every circumstance, or a fail under one."""
    passing = all_of(above(r.mean, t.repeat_pass, t.alpha) for r in repeats.values())
    failing = any_of(below(r.mean, t.repeat_fail, t.alpha / claims) for r in repeats.values())
    return sample(any_of([passing, failing]), *m.rho[Circumstance.SEED].shape)


def _word(repeats: Mapping[Circumstance, Claim]) -> Said:
    means = {c: r.mean.mean for c, r in repeats.items() if r.mean}
    if len(means) < len(repeats):
        return Verdict.INCONCLUSIVE, "too few maps were compared"
    least = min(means, key=lambda c: means[c])
    seen = f"asked again {_NAMES[least]}, its maps correlate {round(means[least], 2) + 0.0:.2f} with themselves"
    failed = [c for c, r in repeats.items() if r.decision is Verdict.FAIL]
    if failed:
        return Verdict.FAIL, seen
    passed = all(r.decision is Verdict.PASS for r in repeats.values())
    return (Verdict.PASS, seen) if passed else (Verdict.INCONCLUSIVE, f"{seen}, which decides neither way")


_NAMES = {
    Circumstance.SEED: "with another seed",
    Circumstance.ORDER: "in another order",
    Circumstance.THREADS: "on another number of threads",
}
