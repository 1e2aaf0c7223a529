import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.service.access.conftest import As, Made, id_of
from tests.service.hand import MODEL_BYTES


def test_the_log_says_who_did_what_when_and_how_it_ended(client: TestClient, admin: Made, key: As) -> None:
    """Deeds and refusals; reading is no deed, and no secret is in it."""
    headers = key("lab")
    client.get("/v1/models", headers=headers)
    client.post("/v1/models", content=MODEL_BYTES, headers={**headers, "X-Request-ID": "mine-7"})
    client.delete("/v1/models/nothing", headers=headers)
    client.get("/v1/keys", headers=headers)
    client.get("/v1/models")
    lines = client.get("/v1/audit", headers=admin).json()["entries"]
    told = [(line["action"], line["tenant"], line["key"], line["status"]) for line in lines]
    lab = ("lab", id_of(headers))
    assert told == [
        ("GET", "", "", 401),
        ("GET", *lab, 403),
        ("DELETE /v1/models/{model_id}", *lab, 404),
        ("POST /v1/models", *lab, 201),
        ("POST /v1/keys", "default", id_of(admin), 201),
    ]
    assert (lines[2]["object"], lines[3]["request_id"]) == ("/v1/models/nothing", "mine-7")
    assert headers["Authorization"].split("_")[2] not in str(lines)


def test_the_log_is_paged(client: TestClient, admin: Made, key: As) -> None:
    """Newest first, each line once, though reading the log adds to it."""
    made = [id_of(key()) for _ in range(5)]
    pages, token = [], ""
    for _ in range(2):
        found = client.get("/v1/audit", params={"page_size": 3, "page_token": token}, headers=admin).json()
        pages += found["entries"]
        token = found["next_page_token"]
    ids = [line["id"] for line in pages if line["action"] == "POST /v1/keys"]
    assert len(ids) == len(set(ids)) == len(made)
    assert token == ""


@pytest.mark.parametrize("statement", ["UPDATE audit SET status = 200", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(client: TestClient, key: As, statement: str) -> None:
    """Also to whoever has the connection."""
    key()
    database = client.app.state.shelf.records._database
    with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
        connection.execute(text(statement))


def test_control_characters_cannot_forge_a_line(client: TestClient, admin: Made, key: As) -> None:
    """They are escaped."""
    client.delete("/v1/models/a%0Ab%1B[2J", headers=key())
    line = client.get("/v1/audit", headers=admin).json()["entries"][0]
    assert line["object"] == "/v1/models/a\\nb\\x1b[2J"
