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
    ├── VersionsDiffer            workers of several versions take a plan apart differently
    ├── DeadlineExceeded
    ├── MemoryExceeded
    ├── RunnerCrashed
    ├── BlobCorrupt
    └── Internal
"""

from junco.contract.errors.failures import (
    BlobCorrupt,
    DeadlineExceeded,
    Internal,
    MemoryExceeded,
    RunFailed,
    RunnerCrashed,
    SchemaMismatch,
    StorageFull,
    Unavailable,
    VersionsDiffer,
    WorkerLost,
)
from junco.contract.errors.inputs import (
    BadInput,
    IdempotencyKeyReused,
    ImageTooLarge,
    ImageTooSmall,
    ImageUnreadable,
    InputShapeMismatch,
    InvalidPlan,
    ModelFormatUnsupported,
    ModelNotJudgeable,
    ModelOutputShape,
    ModelsDiffer,
    ModelUnreadable,
    NoImages,
    PayloadTooLarge,
    UploadTooSlow,
)
from junco.contract.errors.problem import (
    DOCS,
    FieldProblem,
    Problem,
)
from junco.contract.errors.refusals import (
    Conflict,
    Denied,
    Forbidden,
    InUse,
    JobAlreadyFinished,
    JobNotFinished,
    NotFound,
    QuotaExceeded,
    RateLimited,
    RequestInFlight,
    ResultExpired,
    TooMany,
    Unauthenticated,
)
from junco.contract.errors.root import (
    JuncoError,
)

__all__ = [
    "DOCS",
    "BadInput",
    "BlobCorrupt",
    "Conflict",
    "DeadlineExceeded",
    "Denied",
    "FieldProblem",
    "Forbidden",
    "IdempotencyKeyReused",
    "ImageTooLarge",
    "ImageTooSmall",
    "ImageUnreadable",
    "InUse",
    "InputShapeMismatch",
    "Internal",
    "InvalidPlan",
    "JobAlreadyFinished",
    "JobNotFinished",
    "JuncoError",
    "MemoryExceeded",
    "ModelFormatUnsupported",
    "ModelNotJudgeable",
    "ModelOutputShape",
    "ModelUnreadable",
    "ModelsDiffer",
    "NoImages",
    "NotFound",
    "PayloadTooLarge",
    "Problem",
    "QuotaExceeded",
    "RateLimited",
    "RequestInFlight",
    "ResultExpired",
    "RunFailed",
    "RunnerCrashed",
    "SchemaMismatch",
    "StorageFull",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "UploadTooSlow",
    "VersionsDiffer",
    "WorkerLost",
]
