"""A simulated worker, for ``benchmarks.polling``: claims and completes through the records, and computes nothing.

Run: python -m benchmarks.hands, with JUNCO_* variables as a worker's.
"""

import time

from junco.storage import StorageSettings, open_blobs, open_records
from tests.service.hand import Hand


def main() -> None:
    """Work until ended."""
    settings = StorageSettings()
    hand = Hand(open_records(settings), open_blobs(settings))
    while True:
        if not hand.work(1):
            time.sleep(0.05)


if __name__ == "__main__":
    main()
