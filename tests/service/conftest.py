from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(home=tmp_path, max_model_bytes=100_000, max_images_bytes=300_000, poll_seconds=0.02)


@pytest.fixture
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def hand(client: TestClient) -> Hand:
    shelf = client.app.state.shelf
    return Hand(shelf.records, shelf.blobs)


@pytest.fixture
def model(client: TestClient) -> str:
    """An uploaded model, not inspected yet."""
    return client.post("/v1/models?name=tiny", content=MODEL_BYTES).json()["id"]


@pytest.fixture
def images(client: TestClient) -> str:
    """An uploaded image set of twelve."""
    files = [("files", (f"{i:02d}_{i % 3}.png", picture(shade=i))) for i in range(12)]
    return client.post("/v1/image-sets", files=files).json()["id"]


@pytest.fixture
def plan(model: str, images: str) -> dict[str, object]:
    return {"model": model, "images": images, "profile": "quick"}


@pytest.fixture
def done(client: TestClient, hand: Hand, plan: dict[str, object]) -> str:
    """A validation that has succeeded."""
    job = client.post("/v1/validations", json=plan).json()["id"]
    hand.work()
    return job
