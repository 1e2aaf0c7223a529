"""Everything Junco refuses or fails with, as one tree.

JuncoError
├── BadInput                      the caller can mend it
│   ├── InvalidPlan               a plan that contradicts itself or names what does not exist
│   │   └── ModelsDiffer          a model beside the plan's own that cannot be compared with it
│   ├── ModelFormatUnsupported    not a format that Junco reads
│   ├── ModelUnreadable           the right format, but damaged or refused by the loader
│   ├── ModelOutputShape          the model does not answer [n, classes]
│   ├── InputShapeMismatch        the model refuses inputs of the plan's shape
│   ├── ModelNotJudgeable         loads and runs, but cannot be explained or randomised
│   ├── NoImages                  an image set without images
│   ├── ImageUnreadable           not an image, or a damaged one
│   ├── ImageTooSmall
│   ├── ImageTooLarge
│   ├── PayloadTooLarge           more bytes than the service takes
│   ├── UploadTooSlow             a body that dawdles
│   └── IdempotencyKeyReused      one Idempotency-Key for two different requests
├── NotFound
│   └── ResultExpired             a result whose files were removed when they grew old
├── Conflict
│   ├── JobNotFinished
│   ├── JobAlreadyFinished
│   ├── InUse
│   └── RequestInFlight           the same Idempotency-Key is being answered just now
├── Denied                        not for this caller
│   ├── Unauthenticated           no key, or none that is good
│   └── Forbidden                 a good key of too small a scope
├── TooMany                       later, or after tidying up
│   ├── RateLimited               too many requests in too short a time
│   └── QuotaExceeded             more than the tenant may have at a time
├── Unavailable                   the service lacks what it needs just now
│   ├── SchemaMismatch            the database's tables are of another version
│   └── StorageFull               no room for more bytes
└── RunFailed                     work was accepted and did not finish
    ├── WorkerLost
    ├── DeadlineExceeded
    ├── MemoryExceeded
    ├── RunnerCrashed
    ├── BlobCorrupt
    └── Internal
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

DOCS = "https://junco.dev/problems/"


class FieldProblem(BaseModel):
    """One offending field of a request: where it is, what is wrong."""

    pointer: str
    detail: str
    code: str = "INVALID"


class Problem(BaseModel):
    """An RFC 9457 problem: the one form in which errors leave Junco, over HTTP and inside a job."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    expected: str | None = None
    found: str | None = None
    remedy: str | None = None
    stage: str | None = None
    retryable: bool = False
    errors: list[FieldProblem] = []
    instance: str | None = None


class JuncoError(Exception):
    """Root of the tree; carries what was expected, what was found and what to do."""

    code: ClassVar[str] = "INTERNAL"
    title: ClassVar[str] = "Something in Junco went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
        stage: str | None = None,
        errors: list[FieldProblem] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.stage = stage
        self.errors = errors or []

    def problem(self, **extra: Any) -> Problem:
        """The same facts as data, fit to cross a process or a wire."""
        return Problem(
            type=DOCS + self.code.lower().replace("_", "-"),
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            expected=self.expected,
            found=self.found,
            remedy=self.remedy,
            stage=self.stage,
            retryable=self.retryable,
            errors=self.errors,
            **extra,
        )


class BadInput(JuncoError):
    """The caller can mend it."""

    code = "BAD_INPUT"
    title = "The request cannot be carried out as it is"
    status = 422


class InvalidPlan(BadInput):
    """A plan that contradicts itself or names what does not exist."""

    code = "INVALID_PLAN"
    title = "The plan is not valid"


class ModelsDiffer(InvalidPlan):
    """A model beside the plan's own that cannot be compared with it."""

    code = "MODELS_DIFFER"
    title = "The plan's models cannot be compared"


class ModelFormatUnsupported(BadInput):
    """Not a format that Junco reads."""

    code = "MODEL_FORMAT_UNSUPPORTED"
    title = "This is not a model file that Junco reads"
    status = 415


class ModelUnreadable(BadInput):
    """The right format, but damaged or refused by the loader."""

    code = "MODEL_UNREADABLE"
    title = "The model file cannot be loaded"


class ModelOutputShape(BadInput):
    """The model does not answer [n, classes]."""

    code = "MODEL_OUTPUT_SHAPE"
    title = "The model is not an image classifier"


class InputShapeMismatch(BadInput):
    """The model refuses inputs of the plan's shape."""

    code = "INPUT_SHAPE_MISMATCH"
    title = "The model does not take images of this shape"


class ModelNotJudgeable(BadInput):
    """Loads and runs, but cannot be explained or randomised."""

    code = "MODEL_NOT_JUDGEABLE"
    title = "The model cannot be judged"


class NoImages(BadInput):
    """An image set without images."""

    code = "NO_IMAGES"
    title = "There is no image to work on"


class ImageUnreadable(BadInput):
    """Not an image, or a damaged one."""

    code = "IMAGE_UNREADABLE"
    title = "A file is not a readable image"


class ImageTooSmall(BadInput):
    """An image with too few pixels to carry a map."""

    code = "IMAGE_TOO_SMALL"
    title = "An image is too small"


class ImageTooLarge(BadInput):
    """An image with more pixels than Junco decodes."""

    code = "IMAGE_TOO_LARGE"
    title = "An image is too large"


class PayloadTooLarge(BadInput):
    """More bytes than the service takes."""

    code = "PAYLOAD_TOO_LARGE"
    title = "The upload is too large"
    status = 413


class UploadTooSlow(BadInput):
    """A body that dawdles."""

    code = "UPLOAD_TOO_SLOW"
    title = "The upload arrives too slowly"
    status = 408


class IdempotencyKeyReused(BadInput):
    """One Idempotency-Key for two different requests."""

    code = "IDEMPOTENCY_KEY_REUSED"
    title = "The Idempotency-Key belongs to another request"


class NotFound(JuncoError):
    """No such thing here, or not for this caller."""

    code = "NOT_FOUND"
    title = "There is no such resource"
    status = 404


class ResultExpired(NotFound):
    """A result whose files were removed when they grew old."""

    code = "RESULT_EXPIRED"
    title = "The result's files are no longer kept"
    status = 410


class Conflict(JuncoError):
    """The resource's state does not allow it."""

    code = "CONFLICT"
    title = "The resource's state does not allow this"
    status = 409


class JobNotFinished(Conflict):
    """The result was asked for before there is one."""

    code = "JOB_NOT_FINISHED"
    title = "The validation has not finished"


class JobAlreadyFinished(Conflict):
    """A finished job cannot be canceled."""

    code = "JOB_ALREADY_FINISHED"
    title = "The validation has already finished"


class InUse(Conflict):
    """Live jobs still need the resource."""

    code = "IN_USE"
    title = "The resource is in use"


class RequestInFlight(Conflict):
    """The same Idempotency-Key is being answered just now."""

    code = "REQUEST_IN_FLIGHT"
    title = "The same request is under way"


class Denied(JuncoError):
    """Not for this caller."""

    code = "DENIED"
    title = "This is not for this caller"
    status = 403


class Unauthenticated(Denied):
    """No key, or none that is good."""

    code = "UNAUTHENTICATED"
    title = "The request carries no good API key"
    status = 401


class Forbidden(Denied):
    """A good key of too small a scope."""

    code = "FORBIDDEN"
    title = "The API key's scope is too small"
    status = 403


class TooMany(JuncoError):
    """Later, or after tidying up."""

    code = "TOO_MANY"
    title = "Too much at a time"
    status = 429
    retryable = True

    retry_after_seconds: float = 1.0
    """When it may work; the header Retry-After says it."""


class RateLimited(TooMany):
    """Too many requests in too short a time."""

    code = "RATE_LIMITED"
    title = "Too many requests"


class QuotaExceeded(TooMany):
    """More than the tenant may have at a time."""

    code = "QUOTA_EXCEEDED"
    title = "The tenant's quota is used up"
    retry_after_seconds = 30.0


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
