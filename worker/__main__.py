"""``python -m worker``: an embedded worker, which asks the records for work."""

import argparse
import logging
import os
import signal
import sys

from junco.contract.errors import JuncoError
from junco.storage.settings import told
from worker.build import hide_from_children, sweep_folders
from worker.loop import Loop
from worker.settings import WorkerSettings


def main(arguments: list[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Do Junco's queued work.")
    parser.add_argument("--once", action="store_true", help="end when no work is left")
    parser.add_argument("--concurrency", type=int, default=1, metavar="N", help="pieces of work at a time")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    hide_from_children()
    try:
        loop = Loop(told(WorkerSettings), lanes=options.concurrency)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        sweep_folders()
        loop.run(once=options.once)
    except JuncoError as error:
        named = (("Expected", error.expected), ("Found", error.found))
        said = (error.detail, *(f"{name}: {what}." for name, what in named if what))
        logging.getLogger("worker").error("%s", " ".join(said))
        return os.EX_UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
