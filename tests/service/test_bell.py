import json
import time
from pathlib import Path

import redis
from fastapi.testclient import TestClient

from junco.contract.bell import KEY_PREFIX, QUEUE, TASK
from service.app import create_app
from service.settings import ServiceSettings
from tests.servers import free_port, redis_server
from tests.service.hand import MODEL_BYTES


def bells(url: str) -> list[dict]:
    """Messages that wait in the workers' queue."""
    with redis.Redis.from_url(url) as broker:
        return [json.loads(message) for message in broker.lrange(KEY_PREFIX + QUEUE, 0, -1)]


def test_new_work_rings_by_name_with_its_id_alone(settings: ServiceSettings, tmp_path: Path) -> None:
    """One message an upload, JSON, carrying the id of the piece of work."""
    with redis_server(tmp_path) as url:
        told = settings.model_copy(update={"broker_url": url})
        with TestClient(create_app(told)) as client:
            assert client.get("/readyz").json()["broker"] == "ok"
            client.post("/v1/models", content=MODEL_BYTES)
            (message,) = bells(url)
            claim = client.app.state.shelf.records.claim(message["headers"]["argsrepr"].strip("[]'(),"), "w1")
        assert message["headers"]["task"] == TASK
        assert message["content-type"] == "application/json"
        assert claim is not None


def test_bells_for_a_broker_that_is_away_ring_when_it_comes(settings: ServiceSettings, tmp_path: Path) -> None:
    """The upload is taken meanwhile, and housekeeping announces it afterwards."""
    port = free_port()
    told = settings.model_copy(update={"broker_url": f"redis://127.0.0.1:{port}/0", "tick_seconds": 0.2})
    with TestClient(create_app(told)) as client:
        assert client.post("/v1/models", content=MODEL_BYTES).status_code == 201
        with redis_server(tmp_path, port=port) as url:
            for _ in range(100):
                if bells(url):
                    break
                time.sleep(0.1)
            assert len(bells(url)) == 1
