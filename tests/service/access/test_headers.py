from fastapi.testclient import TestClient

from tests.service.access.conftest import Made
from tests.service.hand import MODEL_BYTES


def test_every_answer_carries_the_security_headers(client: TestClient, admin: Made) -> None:
    """Answers, refusals and errors; with a key, no cache may keep them unless the route says how."""
    for path, headers in (("/livez", {}), ("/v1/models", {}), ("/v1/models", admin), ("/v1/nothing", admin)):
        answer = client.get(path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers.get("cache-control") == ("no-store" if headers else None)
        assert "server" not in answer.headers
    model = client.post("/v1/models", content=MODEL_BYTES, headers=admin).json()["id"]
    shown = client.get(f"/v1/models/{model}", headers=admin)
    assert shown.headers.get_list("cache-control") == ["no-cache"]


def test_no_other_site_may_ask(client: TestClient, admin: Made) -> None:
    """There is no CORS: neither a preflight nor an answer names an origin."""
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (client.options("/v1/models", headers=origin), client.get("/v1/models", headers=origin | admin)):
        assert not [name for name in answer.headers if name.startswith("access-control")]
