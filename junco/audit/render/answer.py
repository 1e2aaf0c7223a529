"""The first screen of a report: may a release rest on these explanations, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from junco.contract.catalogue import CHECKS, CheckName, Verdict
from junco.contract.outcome import Caveat, CheckOutcome, MethodOutcome, Outcome, Preflight, sentence
from junco.contract.statistics import Sample


@dataclass(frozen=True)
class Reason:
    """What one check says of a method; ``needed`` would decide, where it is open and the sentence does not say so."""

    check: CheckName
    said: str
    needed: Sample | None = None


@dataclass(frozen=True)
class Line:
    """A method, and the checks that gave it its word; or one line on all checks, where it passed or has no rule."""

    label: str
    reasons: tuple[Reason, ...]
    said: str = ""


@dataclass(frozen=True)
class Group:
    """Methods of one word, and what to do about them."""

    verdict: Verdict
    advice: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Answer:
    """In words: yes or no, then why; ``doubts`` are reasons to distrust the job itself."""

    headline: str
    groups: tuple[Group, ...]
    doubts: tuple[str, ...]


_MOST_NAMED = 3
"""Methods in a headline."""

_ADVICE = {
    Verdict.FAIL: "Do not show these maps as a reason for what the model does",
    Verdict.INVALID: "Could not be judged: do not read this as a pass",
    Verdict.INCONCLUSIVE: "Undecided: do not read this as a pass",
    Verdict.PASS: "Nothing was found against these maps",
    Verdict.NOT_RUN: "Not judged",
}
"""What to do, in the order in which it matters."""


def answer(outcome: Outcome) -> Answer:
    """What a report says first; of the controls where nothing else was asked for."""
    methods = outcome.methods or outcome.controls
    groups = (_group(word, [m for m in methods if m.verdict is word]) for word in _ADVICE)
    return Answer(
        headline=_headline(outcome.verdict, methods),
        groups=tuple(group for group in groups if group.lines),
        doubts=tuple(_doubts(outcome)),
    )


def _headline(verdict: Verdict, methods: Sequence[MethodOutcome]) -> str:
    passed = [m.label for m in methods if m.verdict is Verdict.PASS]
    if verdict is Verdict.PASS:
        return "Yes, as far as these checks can tell"
    if not passed:
        return "No: none passed" if verdict is Verdict.FAIL else "Not yet: none has passed"
    named = ", ".join(passed) if len(passed) <= _MOST_NAMED else f"{len(passed)} of {len(methods)}"
    return f"Only on {named}"


def _group(word: Verdict, methods: Sequence[MethodOutcome]) -> Group:
    return Group(word, _ADVICE[word], tuple(map(_line, methods)))


def _line(method: MethodOutcome) -> Line:
    # Context has no part in a method's word, unless it is all that was asked for.
    deciding = [c for c in method.checks if not CHECKS[c.check].context] or list(method.checks)
    if method.verdict is Verdict.PASS:
        return Line(method.label, (), said=_passed(deciding))
    giving = [c for c in deciding if c.verdict is method.verdict]
    said: dict[str, CheckOutcome] = {}
    for check in giving:
        # Of a method that has no rule every check says the same.
        said.setdefault(sentence(check.summary, method.label), check)
    if method.verdict is Verdict.NOT_RUN and len(said) == 1:
        return Line(method.label, (), said=next(iter(said)))
    return Line(method.label, tuple(_reason(check, text) for text, check in said.items()))


def _reason(check: CheckOutcome, said: str) -> Reason:
    return Reason(check.check, said, None if str(check.needed) in said else check.needed)


def _passed(checks: Sequence[CheckOutcome]) -> str:
    """Which checks a method passed, and which left it open without taking its word."""
    by_word = {word: [CHECKS[c.check].title for c in checks if c.verdict is word] for word in Verdict}
    parts = [f"{_WORDS[word]} {', '.join(titles)}" for word, titles in by_word.items() if titles]
    return "; ".join(parts)


_WORDS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "not decided by",
    Verdict.INVALID: "not judged by",
    Verdict.NOT_RUN: "not run under",
}


def _doubts(outcome: Outcome) -> list[str]:
    known = CheckName.PARAMETER_RANDOMIZATION in outcome.plan.checks
    wrong = [c.label for c in outcome.controls if c.surprising]
    said = [f"{', '.join(wrong)} came out otherwise than is known beforehand"] if wrong else []
    said += ["a control was misjudged"] if Caveat.CONTROL_DISAGREES in outcome.caveats and not wrong else []
    said += [] if known else ["without parameter_randomization no control was put to its test"]
    return said + [
        f"{held.name.replace('_', ' ')} did not hold ({held.detail})" for held in preflights(outcome, holds=False)
    ]


def preflights(outcome: Outcome, *, holds: bool) -> tuple[Preflight, ...]:
    """What held beforehand, or did not; what several checks looked at alike is there once."""
    found = (held for run in outcome.checks for held in run.preflight if held.holds is holds)
    return tuple(dict.fromkeys(found))
