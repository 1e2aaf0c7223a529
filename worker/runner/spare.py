"""One runner warm behind the one in use, so that importing torch costs no task its time."""

from collections.abc import Sequence

from worker.runner.limits import Limits
from worker.runner.parent import COMMAND, Runner


class Runners:
    """Hands out runners; to be used by one thread, which must outlive them all."""

    def __init__(self, limits: Limits, *, command: Sequence[str] = COMMAND) -> None:
        self._limits = limits
        self._command = command
        self._spare: Runner | None = None

    def warm(self) -> Runner:
        """The spare, started now if there is none that lives."""
        if self._spare is not None and not self._spare.alive:
            self._spare.close()
            self._spare = None
        if self._spare is None:
            self._spare = Runner(self._limits, command=self._command)
        return self._spare

    def take(self) -> Runner:
        """A runner for one task, to be closed by the taker; the next one begins to warm up."""
        taken = self.warm()
        self._spare = None
        self.warm()
        return taken

    def close(self) -> None:
        """Ends the spare."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None
