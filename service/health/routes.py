"""/livez, /readyz, /metrics and /v1/status."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from junco.contract.errors import Unavailable
from junco.contract.resources import Status
from service import VERSION
from service.access.caller import CALLER
from service.api import problems
from service.bell import reachable
from service.shelf import Shelf, ShelfDep

router = APIRouter(tags=["health"])
log = logging.getLogger(__name__)


@router.get("/livez")
def get_liveness() -> dict[str, str]:
    """The process runs."""
    return {"status": "alive"}


@router.get("/readyz", responses=problems(503))
def get_readiness(request: Request, shelf: ShelfDep) -> dict[str, str]:
    """Everything that the process needs answers: database, blobs and, in distributed mode, the broker.

    ``sandbox`` names the layers around the runners of each kind of worker that was heard of, or why one takes no work.
    With keys on it is there for any good key, and left out for everybody else.
    """
    found = {name: _answers(check) for name, check in _checks(shelf).items()}
    failing = [name for name, good in found.items() if not good]
    if failing:
        raise Unavailable(
            "Not ready.", expected="an answer from " + ", ".join(found), found="none from " + ", ".join(failing)
        )
    layers = {"sandbox": _layers(shelf)} if _trusted(request, shelf) else {}
    return {"status": "ready", **dict.fromkeys(found, "ok"), **layers}


def _trusted(request: Request, shelf: Shelf) -> bool:
    return shelf.settings.access == "off" or CALLER in request.scope


def _layers(shelf: Shelf) -> str:
    seen = shelf.records.workers(within_seconds=shelf.settings.worker_seen_seconds)
    return ", ".join(sorted({worker.sandbox for worker in seen})) or "no worker"


def _checks(shelf: Shelf) -> dict[str, Callable[[], Any]]:
    checks: dict[str, Callable[[], Any]] = {"database": shelf.records.ping, "blobs": shelf.blobs.check}
    broker = shelf.settings.broker_url
    if broker is not None:
        checks["broker"] = lambda: _require(reachable(broker))
    return checks


def _require(good: bool) -> None:
    if not good:
        raise ConnectionError("no answer")


def _answers(check: Callable[[], Any]) -> bool:
    try:
        check()
    except Exception:  # noqa: BLE001,RUF100 - whatever a driver raises means that it does not answer
        log.exception("a readiness check failed")
        return False
    return True


@router.get("/v1/status", response_model=Status)
def get_status(shelf: ShelfDep) -> Status:
    """How the service stands: jobs by state, work that waits, and the workers heard of lately."""
    return Status(
        version=VERSION,
        mode="distributed" if shelf.settings.distributed else "embedded",
        jobs=shelf.records.job_counts(),
        queued_work=shelf.records.queue_depth(),
        workers=shelf.records.workers(within_seconds=shelf.settings.worker_seen_seconds),
    )


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def get_metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
