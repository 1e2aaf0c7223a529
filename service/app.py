"""The HTTP process, put together. It holds no model, no image and no torch."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from junco.storage import open_blobs, open_glance, open_records
from service import VERSION, api, problems
from service.access import routes as access
from service.access.bodies import Bodies
from service.access.guard import Guard
from service.access.headers import Headers
from service.access.start import open_gate
from service.bell import publisher, ringer
from service.catalogue import routes as catalogue
from service.docs import page
from service.health import routes as health
from service.health.metrics import Metrics
from service.images import routes as images
from service.letters import routes as letters
from service.middleware import Observe
from service.models import routes as models
from service.settings import ServiceSettings
from service.shelf import Shelf
from service.validations import results, submitting
from service.validations import routes as validations
from service.validations.polls import Polls
from service.validations.quick import Quick

log = logging.getLogger(__name__)

_ABANDONED_SECONDS = 86400.0
"""No upload takes longer; what is older in the spool was left by a process that died."""
_ROUTERS = (models, images, submitting, validations, results, letters, catalogue, health, access, page)


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
        docs_url=None,  # FastAPI's pages load scripts from another host
        redoc_url=None,
    )
    app.state.metrics = metrics
    app.openapi = lambda: api.describe(app)  # type: ignore[method-assign]
    _stand_guard(app, settings)
    app.add_middleware(Observe, metrics=metrics)
    routes = [route for module in _ROUTERS for route in module.router.routes if isinstance(route, APIRoute)]
    problems.install(app, routes)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.add_api_route("/", _home, include_in_schema=False)
    return app


def _stand_guard(app: FastAPI, settings: ServiceSettings) -> None:
    # The last one added is the first one met: headers on every answer, who asks, polls, then what is sent.
    rate, grace = settings.body_bytes_per_second, settings.body_grace_seconds
    app.add_middleware(Bodies, most=settings.most_bytes, rate=rate, grace=grace)
    app.add_middleware(Quick)
    if settings.access != "off":
        app.add_middleware(Guard, gate=lambda: app.state.gate)
    app.add_middleware(Headers)


def _home() -> RedirectResponse:
    return RedirectResponse("/docs")


def _lifespan(settings: ServiceSettings, metrics: Metrics) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        records = await run_in_threadpool(open_records, settings)
        ring = ringer(records, publisher(settings))
        blobs = open_blobs(settings)
        metrics.watch(records, blobs)
        await run_in_threadpool(blobs.clear_spool, older_than_seconds=_ABANDONED_SECONDS)
        glance = open_glance(settings.database)
        app.state.shelf = Shelf(records, blobs, settings, ring, metrics.count, Polls(records.revisions, glance))
        app.state.gate = await run_in_threadpool(open_gate, settings, records)
        rounds = [asyncio.create_task(make(app.state.shelf)) for make in (_tick, _keep_house)]
        try:
            yield
        finally:
            for task in rounds:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            if glance is not None:
                glance.close()
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


async def _keep_house(shelf: Shelf) -> None:
    """Remove what has grown old, round after round, first a pause after the start: restarts must stay cheap."""
    while True:
        await asyncio.sleep(shelf.settings.house_seconds)
        try:
            await run_in_threadpool(shelf.blobs.clear_spool, older_than_seconds=_ABANDONED_SECONDS)
            found = await run_in_threadpool(shelf.records.upkeep.retain, shelf.blobs)
        except Exception:  # noqa: BLE001,RUF100 - the next round comes
            log.exception("a round of removing what grew old failed")
        else:
            log.info("removed %d results, %d uploads, %d orphans", found.results, found.uploads, found.orphans)
