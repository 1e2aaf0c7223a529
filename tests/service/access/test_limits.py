import asyncio
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from junco.contract.errors import QuotaExceeded
from service.access.bodies import Bodies
from service.access.buckets import Buckets
from service.access.flights import Flights
from service.app import create_app
from service.settings import ServiceSettings
from tests.service.access.conftest import As, Made, bearer
from tests.service.hand import MODEL_BYTES, archive, picture


def served(settings: ServiceSettings, **changed: object) -> Iterator[tuple[TestClient, Made]]:
    with TestClient(create_app(settings.model_copy(update=changed)), raise_server_exceptions=False) as client:
        assert settings.first_key_file is not None
        yield client, bearer(settings.first_key_file.read_text().strip())


def test_a_bucket_empties_and_fills_again() -> None:
    """Three at once, then two a second; another name has a bucket of its own."""
    now = 0.0
    buckets = Buckets(rate=2.0, burst=3.0, now=lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b") == 0.0
    now = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0.0, 0.5]
    now = 100.0
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_key_that_asks_too_often_waits(settings: ServiceSettings) -> None:
    """429 with Retry-After; another key goes on."""
    for client, admin in served(settings, key_burst=4.0, key_requests_per_second=0.1):
        asked = {"name": "x"}
        other = bearer(client.post("/v1/keys", json=asked, headers=admin).json()["key"])
        answers = [client.get("/v1/models", headers=admin) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["code"] == "RATE_LIMITED"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        assert client.get("/v1/models", headers=other).status_code == 200


def test_guessing_keys_is_cut_off_and_good_keys_go_on(settings: ServiceSettings) -> None:
    """By address, before the database is asked; a key that is remembered is not affected."""
    for client, admin in served(settings, guesses_per_minute=3.0):
        assert client.get("/v1/models", headers=admin).status_code == 200
        guess = bearer("jk_0123456789abcdef_" + "0" * 64)
        answers = [client.get("/v1/models", headers=guess) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert client.get("/v1/models", headers=admin).status_code == 200


def test_a_tenant_stores_so_much_and_no_more(settings: ServiceSettings) -> None:
    """Refused by the announced length and, without one, by what arrives; the same bytes count once; deletion pays."""
    big = archive({"model/data.pkl": b"x" * 3000})
    for client, admin in served(settings, tenant_bytes=len(big) + 100):
        first = client.post("/v1/models", content=big, headers=admin)
        assert first.status_code == 201
        refused = client.post("/v1/models", content=MODEL_BYTES, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA_EXCEEDED")
        assert "retry-after" in refused.headers
        streamed = client.post("/v1/models", content=iter([MODEL_BYTES]), headers=admin)
        assert streamed.status_code == 413
        files = {"files": ("a.png", picture((200, 200)))}
        assert client.post("/v1/image-sets", files=files, headers=admin).status_code == 429
        assert client.delete(f"/v1/models/{first.json()['id']}", headers=admin).status_code == 204
        assert client.post("/v1/models", content=MODEL_BYTES, headers=admin).status_code == 201


def test_a_tenant_has_so_many_unfinished_validations(settings: ServiceSettings) -> None:
    """Canceling one makes room; another tenant's do not count."""
    for client, admin in served(settings, tenant_jobs=2):
        asked = {"name": "x", "tenant": "other"}
        other = bearer(client.post("/v1/keys", json=asked, headers=admin).json()["key"])
        plans = {}
        for headers in (admin, other):
            model = client.post("/v1/models", content=MODEL_BYTES, headers=headers).json()["id"]
            images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}, headers=headers).json()["id"]
            plans = {"model": model, "images": images, "profile": "quick"}
        answers = [client.post("/v1/validations", json=plans, headers=admin) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert answers[-1].json()["code"] == "QUOTA_EXCEEDED"
        assert client.post("/v1/validations", json=plans, headers=other).status_code == 202
        assert client.post(f"/v1/validations/{answers[0].json()['id']}:cancel", headers=admin).status_code == 200
        assert client.post("/v1/validations", json=plans, headers=admin).status_code == 202


def test_a_tenant_uploads_so_many_files_at_a_time() -> None:
    """The place is given back, also after an error."""
    flights = Flights()
    with pytest.raises(QuotaExceeded), flights.upload("a", 2), flights.upload("a", 2), flights.upload("a", 2):
        raise AssertionError("the third must not begin")
    with flights.upload("a", 2), flights.upload("a", 2), flights.upload("b", 1):
        pass


@pytest.mark.parametrize("path", ["/v1/models", "/v1/image-sets", "/v1/validations", "/v1/keys"])
def test_too_long_a_body_is_refused_before_it_is_read(client: TestClient, admin: Made, path: str) -> None:
    """By Content-Length alone: the body is never asked for."""
    asked = False

    def body() -> Iterator[bytes]:
        nonlocal asked
        asked = True
        yield b"x"

    headers = {**admin, "Content-Length": str(10**12), "Content-Type": "application/json"}
    answer = client.post(path, content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(("pause", "status"), [(0.0, 200), (0.4, 408)])
def test_a_body_that_dawdles_is_cut(pause: float, status: int) -> None:
    """At the speed that is waited for; the same body without pauses is taken."""
    sent: list[dict] = []

    async def app(scope, receive, send) -> None:
        more = True
        while more:
            more = (await receive())["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    parts = iter([True, True, False])

    async def receive() -> dict:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"1", "more_body": next(parts)}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/models", "query_string": b"", "headers": []}
    asyncio.run(Bodies(app, most=100, rate=100.0, grace=0.3)(scope, receive, send))
    assert sent[0]["status"] == status


def test_limits_are_off_where_access_is(settings: ServiceSettings, key: As) -> None:
    """No key, no bucket."""
    off = settings.model_copy(update={"access": "off", "key_burst": 1.0})
    with TestClient(create_app(off)) as client:
        assert [client.get("/v1/models").status_code for _ in range(5)] == [200] * 5
        answer = client.post("/v1/keys", json={"name": "x"})
        assert (answer.status_code, answer.json()["expected"]) == (409, "JUNCO_ACCESS=keys")
