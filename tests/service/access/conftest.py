from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import ServiceSettings

Made = dict[str, str]
As = Callable[..., Made]


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        home=tmp_path / "home",
        access="keys",
        first_key_file=tmp_path / "first-key",
        max_model_bytes=100_000,
        max_images_bytes=300_000,
        poll_seconds=0.02,
    )


@pytest.fixture
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def admin(client: TestClient, settings: ServiceSettings) -> Made:
    """Headers of the first administrator."""
    assert settings.first_key_file is not None
    return bearer(settings.first_key_file.read_text().strip())


@pytest.fixture
def key(client: TestClient, admin: Made) -> As:
    """Headers of a new key."""

    def made(tenant: str = "default", scope: str = "submit", **more: object) -> Made:
        asked = {"name": f"{tenant}'s", "tenant": tenant, "scope": scope, **more}
        answer = client.post("/v1/keys", json=asked, headers=admin)
        assert answer.status_code == 201, answer.text
        return bearer(answer.json()["key"])

    return made


def bearer(key: str) -> Made:
    return {"Authorization": f"Bearer {key}"}


def id_of(headers: Made) -> str:
    return headers["Authorization"].split("_")[1]
