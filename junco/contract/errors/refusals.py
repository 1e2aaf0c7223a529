"""Requests that are good, and not for now, not for here, or not for this caller."""

from junco.contract.errors.root import JuncoError


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
