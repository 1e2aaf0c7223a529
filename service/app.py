"""The HTTP process, put together. It holds no model, no image and no torch."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from junco.storage import open_blobs, open_records
from service import VERSION, api, problems
from service.bell import publisher, ringer
from service.catalogue import routes as catalogue
from service.health import routes as health
from service.health.metrics import Metrics
from service.images import routes as images
from service.middleware import Observe
from service.models import routes as models
from service.settings import ServiceSettings
from service.shelf import Shelf
from service.validations import results, submitting
from service.validations import routes as validations

log = logging.getLogger(__name__)

_ABANDONED_SECONDS = 86400.0
"""No upload takes longer; what is older in the spool was left by a process that died."""
_ROUTERS = (models, images, submitting, validations, results, catalogue, health)


def create_app(settings: ServiceSettings) -> FastAPI:
    """The app; databases and stores are opened when it starts, not here."""
    metrics = Metrics()
    app = FastAPI(
        title="Junco",
        version=VERSION,
        summary="Validates explanations of image classifiers.",
        lifespan=_lifespan(settings, metrics),
        generate_unique_id_function=api.operation_id,
        separate_input_output_schemas=False,
        redoc_url=None,
    )
    app.state.metrics = metrics
    app.openapi = lambda: api.describe(app)  # type: ignore[method-assign]
    app.add_middleware(Observe, metrics=metrics)
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.add_api_route("/", _home, include_in_schema=False)
    return app


def _home() -> RedirectResponse:
    return RedirectResponse("/docs")


def _lifespan(settings: ServiceSettings, metrics: Metrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        records = await run_in_threadpool(open_records, settings)
        ring = ringer(records, publisher(settings))
        metrics.watch(records)
        blobs = open_blobs(settings)
        await run_in_threadpool(blobs.clear_spool, older_than_seconds=_ABANDONED_SECONDS)
        app.state.shelf = Shelf(records, blobs, settings, ring, metrics.count)
        ticking = asyncio.create_task(_tick(app.state.shelf))
        try:
            yield
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
            records.close()

    return lifespan


async def _tick(shelf: Shelf) -> None:
    """Reap and publish, round after round; a round that fails is logged and the next one comes."""
    while True:
        try:
            await run_in_threadpool(shelf.records.sweep)
            await run_in_threadpool(shelf.ring)
        except Exception:  # noqa: BLE001,RUF100 - the reaper must outlive any outage of the database
            log.exception("a round of housekeeping failed")
        await asyncio.sleep(shelf.settings.tick_seconds)
