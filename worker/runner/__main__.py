"""``python -m worker.runner LIMITS``: restrict, import the maths, do one task, exit."""

import sys
from typing import TYPE_CHECKING

from worker.runner.child import main

if TYPE_CHECKING:
    from worker.runner.session import Execute


def _engine() -> "Execute":
    # Imported late: torch starts threads, and restrictions bind only threads that come after them.
    from junco.audit.engine import execute

    return execute


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _engine))
