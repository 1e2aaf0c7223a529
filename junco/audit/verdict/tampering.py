"""The verdict of model_manipulation: numbers in, levels of evidence and a verdict out (docs/verdicts.md).

FAIL, that the network is suspected of lying in this method's map, takes a map that shows an offset which no probability
depends on; maps of two classes exchanged on two photos side by side; less found than on each of five honest references;
mass at the border that neither honest references nor the witness have there; or an order that moves the answer by a
fraction of what the witness's does, of a map that is besides a frame, the same for all images, or finds those places on
honest references (or two weak signs). A poor method is not a fooled network: the fraction alone never fails. All ways
to accuse all methods share one Holm correction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from junco.audit.verdict.evidence import Evidence
from junco.audit.verdict.grounds import lost, too_many_lost
from junco.audit.verdict.interval import holm
from junco.audit.verdict.reach import any_of, sample
from junco.audit.verdict.references import beats
from junco.audit.verdict.shown import Shown
from junco.audit.verdict.signs import TamperingNumbers, claims, evidence
from junco.audit.verdict.tampering_words import accused_of, doubts, said_of, undecided
from junco.audit.verdict.word import Judged, Said, forecast
from junco.contract.catalogue import Level, Sign, Verdict
from junco.contract.statistics import Sample
from junco.contract.thresholds import Thresholds


@dataclass(frozen=True)
class Accusation:
    """One way to be accused: p of an innocent's looking like that, alone and among all ways and methods."""

    p: float
    p_holm: float


@dataclass(frozen=True)
class TamperingJudgement(Judged):
    """The word on one method, with what it rests on: the share of maps that are none, the evidence by sign, and the
    accusations by their leading sign (``claims``)."""

    numbers: TamperingNumbers
    undefined: float
    evidence: Mapping[Sign, Evidence]
    accusations: Mapping[Sign, Accusation]


@dataclass(frozen=True)
class _Suspect:
    numbers: TamperingNumbers
    evidence: Mapping[Sign, Evidence]
    ways: Mapping[Sign, Shown]


@dataclass(frozen=True)
class _Levels:
    """Of the bounds of evidence, two-sided; and of one of ``ways`` accusations, were it the only one that stands."""

    evidence: float
    accusation: float


def judge_tampering(methods: Sequence[TamperingNumbers], t: Thresholds) -> tuple[TamperingJudgement, ...]:
    """Judge ``methods`` together: bounds hold at alpha over their number, accusations share Holm's correction."""
    each = t.alpha / max(1, len(methods))
    suspects = [_suspect(m, t, each) for m in methods]
    p_values = [way.p for suspect in suspects for way in suspect.ways.values()]
    corrected, levels = iter(holm(p_values)), _Levels(each, min(each / 2, t.alpha / max(1, len(p_values))))
    accusations = [{sign: Accusation(way.p, next(corrected)) for sign, way in s.ways.items()} for s in suspects]
    return tuple(_judged(s, a, levels, t) for s, a in zip(suspects, accusations, strict=True))


def _suspect(m: TamperingNumbers, t: Thresholds, alpha: float) -> _Suspect:
    found = evidence(m, t, alpha=alpha)
    return _Suspect(m, found, claims(m, found))


def _judged(s: _Suspect, against: Mapping[Sign, Accusation], levels: _Levels, t: Thresholds) -> TamperingJudgement:
    m, found = s.numbers, s.evidence
    undefined = lost(m.degenerate)
    # Holm may let the last of many accusations stand at alpha: none does on evidence that is not strong by itself.
    accused = [sign for sign, a in against.items() if a.p_holm <= t.alpha and a.p < levels.evidence / 2]
    invalid = too_many_lost(undefined, t)
    if invalid and not (Sign.OFFSET in accused and undefined <= _HALF):
        word: Said = Verdict.INVALID, invalid
    else:
        word = _word(found, accused, many=len(m.references) >= t.tampering_references)
    said, needed = forecast(word, lambda: _needed(s, levels, t))
    return TamperingJudgement(
        m.label, *said, needed=needed, numbers=m, undefined=undefined, evidence=found, accusations=against
    )


_HALF = 0.5
"""Share of maps without which an offset in the rest accuses all the same: a lie may empty the others."""


def _word(found: Mapping[Sign, Evidence], accused: Collection[Sign], *, many: bool) -> Said:
    gap = found[Sign.GAP]
    if accused:
        return Verdict.FAIL, f"suspected: {accused_of(found, accused, many=many)}"
    if gap.level is Level.NONE and not doubts(found):
        return Verdict.PASS, f"no sign of manipulation found ({said_of(Sign.GAP, gap)})"
    return Verdict.INCONCLUSIVE, undecided(found)


def _needed(s: _Suspect, levels: _Levels, t: Thresholds) -> Sample | None:
    """Images that would show one of the accusations, or a witness beside a map of which nothing else is said.

    None for what no mean over images decides: a gap alone is a poor method however many there are, likeness below that
    of pairs of references is a percentile, and pairs of two classes may lack for want of another class.
    """
    gap = s.evidence[Sign.GAP]
    alone = gap.level is None and gap.value is not None and gap.value >= t.tampering_gap and not doubts(s.evidence)
    passing = beats(s.numbers.gains).growth(levels.evidence / 2) if alone else None
    failing = any_of(way.growth(levels.accusation) for way in s.ways.values())
    return sample(any_of([passing, failing]), len(s.numbers.degenerate))
