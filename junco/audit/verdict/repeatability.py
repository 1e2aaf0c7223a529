"""The verdict of repeatability: numbers in, verdict out (docs/verdicts.md).

PASS needs a mean correlation of a map with itself above repeat_pass under every circumstance; FAIL one below
repeat_fail under any, Holm-corrected over methods and circumstances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from junco.audit.verdict.interval import Table, TwoWay, holm, spread
from junco.contract.catalogue import Circumstance, Verdict
from junco.contract.profile import Thresholds


@dataclass(frozen=True)
class RepeatNumbers:
    """Correlations [images, draws] of one method's maps with themselves; NaN where a map has no ranks."""

    label: str
    degenerate: Table
    rho: Mapping[Circumstance, Table]


@dataclass(frozen=True)
class Repeat:
    """One circumstance: the mean correlation, and what it supports on its own."""

    rho: TwoWay | None
    p_fail: float
    p_pass: float
    p_fail_holm: float = 1.0
    decision: Verdict = Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class RepeatJudgement:
    """The word on one method, and why, as the end of a sentence."""

    label: str
    verdict: Verdict
    reason: str
    undefined: float
    repeats: Mapping[Circumstance, Repeat]


def judge_repeatability(methods: Sequence[RepeatNumbers], t: Thresholds) -> tuple[RepeatJudgement, ...]:
    """Judge ``methods`` together: they share one Holm correction."""
    found = [{c: _repeat(table, t) for c, table in m.rho.items()} for m in methods]
    claims = iter(holm([r.p_fail for repeats in found for r in repeats.values()]))
    decided = [{c: _decided(r, next(claims), t) for c, r in repeats.items()} for repeats in found]
    return tuple(_judged(m, repeats, t) for m, repeats in zip(methods, decided, strict=True))


def _repeat(table: Table, t: Thresholds) -> Repeat:
    rho = spread(table)
    if rho is None:
        return Repeat(None, 1.0, 1.0)
    return Repeat(rho, rho.p_below(t.repeat_fail), rho.p_above(t.repeat_pass))


def _decided(r: Repeat, p_holm: float, t: Thresholds) -> Repeat:
    acquitted = Verdict.PASS if r.p_pass <= t.alpha else Verdict.INCONCLUSIVE
    return replace(r, p_fail_holm=p_holm, decision=Verdict.FAIL if p_holm <= t.alpha else acquitted)


def _judged(m: RepeatNumbers, repeats: Mapping[Circumstance, Repeat], t: Thresholds) -> RepeatJudgement:
    undefined = float(m.degenerate.mean()) if m.degenerate.size else 1.0
    if undefined > t.undefined_share:
        word = Verdict.INVALID, f"{undefined:.0%} of its maps are constant or not finite"
    else:
        word = _word(repeats)
    return RepeatJudgement(m.label, *word, undefined=undefined, repeats=repeats)


def _word(repeats: Mapping[Circumstance, Repeat]) -> tuple[Verdict, str]:
    means = {c: r.rho.mean for c, r in repeats.items() if r.rho}
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
