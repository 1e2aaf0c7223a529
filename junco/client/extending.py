"""Two looks instead of one: the second only where the first could not decide and more data could."""

import shutil
from pathlib import Path

from junco.client.asked import Asked, Backend, OnProgress
from junco.contract.catalogue import Verdict
from junco.contract.job import Progress
from junco.contract.looks import Look
from junco.contract.outcome import Outcome

AGAIN = "second look"


def looked(asked: Asked, doing: Backend, *, out: Path, on_progress: OnProgress) -> Outcome:
    """The outcome of the look that decided, or of the second; its files are under ``out``, and no others."""
    first = doing.check(asked.at(Look.FIRST), out=out, on_progress=on_progress)
    if not worth_another(first):
        return first
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    on_progress(Progress(stage=AGAIN))
    return doing.check(asked.at(Look.SECOND), out=out, on_progress=on_progress)


def worth_another(outcome: Outcome) -> bool:
    """Whether the word is open, and some check of a method that was asked for says what data would close it."""
    checks = (check for method in outcome.methods for check in method.checks)
    return outcome.verdict is Verdict.INCONCLUSIVE and any(check.needed for check in checks)
