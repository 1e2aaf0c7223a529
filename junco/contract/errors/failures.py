"""What went wrong on Junco's side: it lacks something, or accepted work did not finish."""

from junco.contract.errors.root import JuncoError


class Unavailable(JuncoError):
    """The service lacks what it needs just now."""

    code = "UNAVAILABLE"
    title = "The service is not available just now"
    status = 503
    retryable = True


class SchemaMismatch(Unavailable):
    """The database's tables are of another version."""

    code = "SCHEMA_MISMATCH"
    title = "The database is of another version"
    retryable = False


class StorageFull(Unavailable):
    """No room for more bytes."""

    code = "STORAGE_FULL"
    title = "There is no room for more bytes"
    status = 507


class RunFailed(JuncoError):
    """Work was accepted and did not finish."""

    code = "RUN_FAILED"
    title = "The work did not finish"


class WorkerLost(RunFailed):
    """Every allowed attempt ended with its worker gone."""

    code = "WORKER_LOST"
    title = "The worker was lost"
    retryable = True


class VersionsDiffer(RunFailed):
    """Workers of several versions, which take a plan apart differently, kept starting one job anew."""

    code = "VERSIONS_DIFFER"
    title = "Several versions work on one job"
    retryable = True


class DeadlineExceeded(RunFailed):
    """The work took longer than it may."""

    code = "DEADLINE_EXCEEDED"
    title = "The work ran out of time"


class MemoryExceeded(RunFailed):
    """The work asked for more memory than it may have."""

    code = "MEMORY_EXCEEDED"
    title = "The work ran out of memory"


class RunnerCrashed(RunFailed):
    """The process that held the model died by a signal."""

    code = "RUNNER_CRASHED"
    title = "The process that held the model crashed"


class BlobCorrupt(RunFailed):
    """Stored bytes are missing or are not what was stored."""

    code = "BLOB_CORRUPT"
    title = "Stored bytes are damaged"


class Internal(RunFailed):
    """A bug, or a machine that misbehaves."""

    code = "INTERNAL"
    title = "Something in Junco went wrong"
    retryable = True
