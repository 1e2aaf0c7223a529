"""The layers of a runner's sandbox; importing this package registers them in the order in which they are applied."""

from worker.runner.layers import housekeeping, privileges, files, calls  # noqa: F401, I001 - the order is the sandbox's
