"""Two looks instead of one: the second only where the first could not decide and more data could."""

from pathlib import Path

from junco.client.asked import Asked, Backend, OnProgress
from junco.client.placing import placed
from junco.contract.catalogue import Verdict
from junco.contract.errors import JuncoError
from junco.contract.job import Progress
from junco.contract.looks import Look
from junco.contract.outcome import Outcome

AGAIN = "second look"


def looked(asked: Asked, doing: Backend, *, out: Path, on_progress: OnProgress) -> Outcome:
    """The outcome of the look that decided, or of the second; of the two, its files alone are under ``out``.

    The first look's lie there from its end on, and stay where the second fails or is interrupted.
    """
    first = placed(asked.at(Look.FIRST), doing, out=out, on_progress=on_progress)
    if not worth_another(first.outcome):
        return first.outcome
    on_progress(Progress(stage=AGAIN))
    try:
        return placed(asked.at(Look.SECOND), doing, out=out, on_progress=on_progress, instead=first.names).outcome
    except JuncoError as error:
        error.remedy = " ".join(filter(None, (error.remedy, f"What the first look found is in {out}.")))
        raise


def worth_another(outcome: Outcome) -> bool:
    """Whether the word is open, and some check of a method that was asked for says what data would close it."""
    checks = (check for method in outcome.methods for check in method.checks)
    return outcome.verdict is Verdict.INCONCLUSIVE and any(check.needed for check in checks)
