"""``junco keys`` against a served application over a real socket."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from junco.client.cli import app
from service.app import create_app
from service.settings import ServiceSettings
from tests.servers import free_port


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service with keys; the first is in the environment."""
    first = tmp_path / "first-key"
    settings = ServiceSettings(home=tmp_path / "home", access="keys", first_key_file=first)
    port = free_port()
    served = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="warning"))
    thread = threading.Thread(target=served.run)
    thread.start()
    while not served.started:
        time.sleep(0.01)
    monkeypatch.setenv("JUNCO_API_KEY", first.read_text().strip())
    monkeypatch.setenv("JUNCO_URL", f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    served.should_exit = True
    thread.join()


def ran(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output


def test_a_key_can_do_what_it_was_made_for(server: str) -> None:
    """Created, listed, used, and refused beyond its scope."""
    status, key = ran("keys", "create", "ci", "--tenant", "lab", "--scope", "read", "--days", "7")
    assert (status, key[:3], key.count("\n")) == (0, "jk_", 1)
    key = key.strip()
    listed = [json.loads(line) for line in ran("keys", "list", "--json")[1].splitlines()]
    assert [(k["name"], k["tenant"], k["scope"]) for k in listed] == [
        ("ci", "lab", "read"), ("first", "default", "admin")
    ]  # fmt: skip
    assert ran("--api-key", key, "models")[0] == 0
    assert ran("--api-key", key, "keys", "list")[0] == 2


def test_rotating_and_revoking(server: str) -> None:
    """The list tells how each stands."""
    made = json.loads(ran("keys", "create", "ci", "--json")[1])["resource"]["id"]
    assert ran("keys", "rotate", made, "--overlap-hours", "0")[1].startswith("jk_")
    newest = json.loads(ran("keys", "list", "--json")[1].splitlines()[0])["id"]
    assert ran("keys", "revoke", newest)[0] == 0
    table = ran("keys", "list")[1]
    assert [word in table for word in ("revoked", "expired", "good")] == [True, True, True]
    status, text = ran("keys", "rotate", newest)
    assert (status, "The key has ended" in text) == (2, True)


def test_without_a_key_the_command_says_what_is_missing(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2: the caller can mend it."""
    monkeypatch.delenv("JUNCO_API_KEY")
    status, text = ran("models")
    assert (status, "no API key" in text) == (2, True)


def test_a_tenant_that_cannot_be_is_refused_before_anything_is_sent() -> None:
    """No server is needed to say so."""
    status, text = ran("keys", "create", "x", "--tenant", "Not Good", "--url", "http://127.0.0.1:9")
    assert (status, "tenant" in text) == (2, True)
