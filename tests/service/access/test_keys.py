import stat

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from junco.storage import WorkerCard
from junco.storage.access_tables import keys
from service.access.rules import needed
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.access.conftest import As, Made, bearer, id_of
from tests.service.access.test_polls import job_of
from tests.service.hand import MODEL_BYTES


def test_every_route_but_the_five_open_ones_needs_a_key(client: TestClient) -> None:
    """The list of all routes with their scopes, and what each answers without a key."""
    found = {}
    for path, item in client.app.openapi()["paths"].items():
        for method in item:
            found[f"{method} {path}"] = scope = needed(method.upper(), path)
            answer = client.request(method, path)
            assert answer.status_code == (401 if scope else 200), (method, path)
    opened = sorted(route for route, scope in found.items() if scope is None)
    assert opened == ["get /livez", "get /readyz"]
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 200
    assert sorted(route for route, scope in found.items() if scope == "admin") == [
        "delete /v1/keys/{key_id}",
        "get /metrics",
        "get /v1/audit",
        "get /v1/dead-letters",
        "get /v1/keys",
        "post /v1/dead-letters/{letter_id}:retry",
        "post /v1/keys",
        "post /v1/keys/{key_id}:rotate",
    ]
    assert all(
        scope == ("read" if route.split()[0] in ("get", "head") else "submit")
        for route, scope in found.items()
        if scope not in (None, "admin")
    )


def test_readiness_names_the_layers_to_good_keys_alone(client: TestClient, key: As) -> None:
    """Everybody hears whether it is ready and what fails; who guesses or has an ended key is one of them."""
    records = client.app.state.shelf.records
    records.beat(WorkerCard(owner="w1", device="cpu", sandbox="rlimits+nnp", version="1"))
    bare = {"status": "ready", "database": "ok", "blobs": "ok"}
    good, ended = key(scope="read"), key(tenant="other")
    assert client.get("/readyz", headers=good).json() == {**bare, "sandbox": "rlimits+nnp"}
    assert client.get("/readyz", headers=ended).json() == {**bare, "sandbox": "rlimits+nnp"}
    records.access.revoke(id_of(ended))
    client.app.state.gate.callers.forget(id_of(ended))
    for headers in ({}, ended, bearer("jk_0123456789abcdef_" + "0" * 64), {"Authorization": "Basic abc"}):
        answer = client.get("/readyz", headers=headers)
        assert (answer.status_code, answer.json()) == (200, bare)


def test_readiness_tells_a_key_of_an_outage_too(client: TestClient, settings: ServiceSettings, admin: Made) -> None:
    """Whether the key is good cannot be seen then, and what fails is named all the same."""
    client.app.state.shelf.records._database.engine.dispose()
    path = settings.home / "junco.sqlite3"
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    answer = client.get("/readyz", headers=admin)
    assert (answer.status_code, answer.json()["found"]) == (503, "none from database")


def test_a_path_that_does_not_exist_is_not_told_from_one_that_does(client: TestClient) -> None:
    """401 before routing; and the body says what is missing."""
    answer = client.get("/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == 'Bearer realm="junco"'
    assert answer.json()["found"] == "no Authorization header"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer jk_", "Basic abc", "Bearer jk_0123456789abcdef_" + "0" * 64, "Bearer \xff"]
)
def test_what_is_no_good_key_is_refused(client: TestClient, header: str) -> None:
    """Malformed and unknown ones alike."""
    answer = client.get("/v1/models", headers={"Authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


def test_a_good_id_with_another_secret_is_refused(client: TestClient, key: As) -> None:
    """Also after the right one has been remembered."""
    good = key()
    assert client.get("/v1/models", headers=good).status_code == 200
    text = good["Authorization"]
    forged = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert client.get("/v1/models", headers={"Authorization": forged}).status_code == 401


@pytest.mark.parametrize(("scope", "reads", "submits", "administers"), [
    ("read", 200, 403, 403),
    ("submit", 200, 201, 403),
    ("admin", 200, 201, 200),
])  # fmt: skip
def test_scopes_nest(client: TestClient, key: As, scope: str, reads: int, submits: int, administers: int) -> None:
    """Submitting includes reading, administering both."""
    headers = key(scope=scope)
    assert client.get("/v1/models", headers=headers).status_code == reads
    assert client.post("/v1/models", content=MODEL_BYTES, headers=headers).status_code == submits
    answer = client.get("/v1/keys", headers=headers)
    assert answer.status_code == administers
    if administers == 403:
        assert (answer.json()["code"], answer.json()["found"]) == ("FORBIDDEN", scope)


def test_the_first_key_is_made_once_and_only_its_owner_reads_it(settings: ServiceSettings, admin: Made) -> None:
    """A restart makes no other, and the file is private."""
    assert settings.first_key_file is not None
    assert stat.S_IMODE(settings.first_key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.pepper.stat().st_mode) == 0o600
    with TestClient(create_app(settings)) as again:
        assert bearer(settings.first_key_file.read_text().strip()) == admin
        listed = again.get("/v1/keys", headers=admin).json()["keys"]
    assert [(key["name"], key["scope"]) for key in listed] == [("first", "admin")]


def test_without_a_file_the_first_key_is_printed(settings: ServiceSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, and it works."""
    with TestClient(create_app(settings.model_copy(update={"first_key_file": None}))) as client:
        line = capsys.readouterr().err
        assert line.startswith("The first administrator's key, shown this once: jk_")
        assert client.get("/v1/keys", headers=bearer(line.split()[-1])).status_code == 200


def test_the_database_holds_no_secret(client: TestClient, settings: ServiceSettings, key: As) -> None:
    """Neither the key nor its secret half is in any file of home, and listings do not show it."""
    headers = key()
    secret = headers["Authorization"].split("_")[2].encode()
    assert not [path for path in settings.home.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert set(client.get("/v1/keys", headers=key(scope="admin")).json()["keys"][0]) == {
        "id", "name", "tenant", "scope", "create_time", "expire_time", "revoke_time"
    }  # fmt: skip


def test_a_revoked_key_ends_at_once(client: TestClient, admin: Made, key: As) -> None:
    """Though it was remembered; revoking twice is no error, an unknown one is."""
    headers = key()
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert client.delete(f"/v1/keys/{id_of(headers)}", headers=admin).status_code == 204
    assert client.get("/v1/models", headers=headers).status_code == 401
    assert client.delete(f"/v1/keys/{id_of(headers)}", headers=admin).status_code == 204
    assert client.delete("/v1/keys/nobody", headers=admin).status_code == 404


def test_an_expired_key_is_refused(client: TestClient, key: As) -> None:
    """By the database's clock, and though it is remembered no longer than it lives."""
    headers = key(expires_in_seconds=60)
    database = client.app.state.shelf.records._database
    with database.write() as connection:
        connection.execute(update(keys).where(keys.c.id == id_of(headers)).values(expire_time=1.0))
    assert client.get("/v1/models", headers=headers).status_code == 401


def test_rotation_lets_both_keys_work_for_the_overlap(client: TestClient, admin: Made, key: As) -> None:
    """Then the old one ends; a key that has ended cannot be rotated."""
    old = key(tenant="lab", scope="read")
    path = f"/v1/keys/{id_of(old)}:rotate"
    answer = client.post(path, json={"overlap_seconds": 3600}, headers=admin)
    assert answer.status_code == 201
    new = bearer(answer.json()["key"])
    made = answer.json()["resource"]
    assert (made["tenant"], made["scope"], made["expire_time"]) == ("lab", "read", None)
    assert [client.get("/v1/models", headers=headers).status_code for headers in (old, new)] == [200, 200]
    assert client.post(path, json={"overlap_seconds": 0}, headers=admin).status_code == 201
    assert [client.get("/v1/models", headers=headers).status_code for headers in (old, new)] == [401, 200]
    answer = client.post(path, headers=admin)
    assert (answer.status_code, answer.json()["found"]) == (409, "revoked or expired")


@pytest.mark.parametrize("asked", [{}, {"name": ""}, {"name": "x", "tenant": "A@b"}, {"name": "x", "scope": "god"}])
def test_a_key_that_cannot_be_is_refused(client: TestClient, admin: Made, asked: dict[str, str]) -> None:
    """422 with a pointer."""
    answer = client.post("/v1/keys", json=asked, headers=admin)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in ("/name", "/tenant", "/scope")


def test_an_administrator_who_lost_the_key_makes_another_on_the_machine(
    settings: ServiceSettings, client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m service.access`` under the service's own settings."""
    from service.access.__main__ import main

    monkeypatch.setenv("JUNCO_HOME", str(settings.home))
    main()
    assert client.get("/v1/keys", headers=bearer(capsys.readouterr().out.strip())).status_code == 200


@pytest.mark.parametrize("revoked", [True, False])
def test_events_end_with_the_key(client: TestClient, admin: Made, key: As, revoked: bool) -> None:
    """Revoked while the stream is open: what happens afterwards is not told."""
    mine = key("lab")
    job = job_of(client, mine)
    with client.stream("GET", f"/v1/validations/{job}/events", headers=mine) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: queued"
        if revoked:
            assert client.delete(f"/v1/keys/{id_of(mine)}", headers=admin).status_code == 204
        client.app.state.shelf.records.cancel(job)
        told = [line for line in lines if line.startswith("event: ")]
    assert told == ([] if revoked else ["event: canceled"])
