import base64
import hashlib
import io
import json
from pathlib import Path

import pytest
import torch
from fastapi.testclient import TestClient

from junco.contract.errors import Internal, ModelUnreadable
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture


def token_of(*parts: object) -> str:
    """A page token that nobody has made."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def bytes_left(settings: ServiceSettings) -> list[Path]:
    return [path for path in (settings.home / "blobs").rglob("*") if path.is_file()]


def test_raw_bytes_become_a_model_under_their_digest(client: TestClient, settings: ServiceSettings) -> None:
    """The id is the sha256 of the bytes, which lie in the blob folder."""
    answer = client.post("/v1/models?name=tiny", content=MODEL_BYTES)
    assert answer.status_code == 201
    expected = "sha256:" + hashlib.sha256(MODEL_BYTES).hexdigest()
    assert answer.json()["id"] == expected
    assert answer.headers["location"] == f"/v1/models/{expected}"
    assert (answer.json()["name"], answer.json()["inspection"]) == ("tiny", "queued")
    assert [path.read_bytes() for path in bytes_left(settings)] == [MODEL_BYTES]


def test_a_form_gives_the_same_model_and_its_file_name(client: TestClient) -> None:
    """Multipart and raw uploads of the same bytes are one model; the second is 200."""
    first = client.post("/v1/models", files={"file": ("my net.pt", MODEL_BYTES)})
    second = client.post("/v1/models", content=MODEL_BYTES)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["name"] == second.json()["name"] == "my net.pt"


def test_a_real_torchscript_archive_is_taken(client: TestClient) -> None:
    """What torch.jit.save writes passes the sniff."""
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    assert client.post("/v1/models", content=file.getvalue()).status_code == 201


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty"),
        (b"print('hello')\n", "text"),
        (picture(), "a PNG image"),
        (b"\x80\x02}q\x00.", "a Python pickle"),
        (b"\x08", "binary data of an unknown kind"),
        (b"\x00\x01\x02", "binary data of an unknown kind"),
    ],
)
def test_what_is_no_model_is_refused_at_once(
    client: TestClient, settings: ServiceSettings, data: bytes, found: str
) -> None:
    """415 says what was found, and nothing is stored."""
    answer = client.post("/v1/models", content=data)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["found"]) == ("MODEL_FORMAT_UNSUPPORTED", found)
    assert bytes_left(settings) == []
    assert client.get("/v1/models").json()["models"] == []


def test_a_media_type_that_is_not_taken_is_refused(client: TestClient) -> None:
    """A JSON body is no upload."""
    answer = client.post("/v1/models", json={"file": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "MODEL_FORMAT_UNSUPPORTED")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_model_over_the_limit_is_refused(client: TestClient, settings: ServiceSettings, chunked: bool) -> None:
    """413 by Content-Length, and by counting where there is none; nothing is stored."""
    data = MODEL_BYTES + b"\0" * 100_000
    body = (data[i : i + 10_000] for i in range(0, len(data), 10_000)) if chunked else data
    answer = client.post("/v1/models", content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert bytes_left(settings) == []


def test_a_form_with_a_model_over_the_limit_is_refused(client: TestClient, settings: ServiceSettings) -> None:
    """The file itself is measured: the room that a form's frame needs is not a model's."""
    answer = client.post("/v1/models", files={"file": ("m.pt", MODEL_BYTES + b"\0" * 100_000)})
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert bytes_left(settings) == []


def test_a_waited_upload_answers_with_the_report(client: TestClient, hand: Hand) -> None:
    """With wait, inspection's findings come with the upload."""
    with hand.working():
        answer = client.post("/v1/models?wait=10", content=MODEL_BYTES)
    assert answer.status_code == 201
    assert answer.json()["inspection"] == "done"
    assert answer.json()["report"]["classes"] == 10


def test_a_waited_upload_that_inspection_refuses_leaves_nothing(
    client: TestClient, hand: Hand, settings: ServiceSettings
) -> None:
    """The problem is the answer, and neither row nor bytes stay."""
    hand.refuse = ModelUnreadable("The archive is damaged.", expected="a whole archive", found="half of one")
    with hand.working():
        answer = client.post("/v1/models?wait=10", content=MODEL_BYTES)
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["found"]) == ("MODEL_UNREADABLE", "half of one")
    assert client.get("/v1/models").json()["models"] == []
    assert bytes_left(settings) == []


def test_a_refused_model_shows_why_and_is_inspected_anew_on_upload(client: TestClient, hand: Hand, model: str) -> None:
    """Without wait the problem is in the resource; another upload gives it another chance."""
    hand.refuse = Internal("The disk was full.")
    hand.work()
    assert client.get(f"/v1/models/{model}").json()["problem"]["code"] == "INTERNAL"
    hand.refuse = None
    again = client.post("/v1/models", content=MODEL_BYTES)
    assert (again.status_code, again.json()["inspection"]) == (200, "queued")
    hand.work()
    shown = client.get(f"/v1/models/{model}").json()
    assert (shown["inspection"], "problem" in shown and shown["problem"]) == ("done", None)


def test_another_input_shape_means_another_inspection(client: TestClient, hand: Hand, model: str) -> None:
    """A hint that differs from what inspection ran with is not ignored; the same hint changes nothing."""
    hand.work()
    same = client.post("/v1/models?input_shape=3x32x32", content=MODEL_BYTES).json()
    assert same["inspection"] == "done"
    other = client.post("/v1/models?input_shape=3x64x64", content=MODEL_BYTES).json()
    assert (other["inspection"], other["input_shape"]) == ("queued", [3, 64, 64])


def test_an_input_shape_that_is_none_is_refused(client: TestClient) -> None:
    """The pointer names the parameter."""
    answer = client.post("/v1/models?input_shape=224", content=MODEL_BYTES)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/input_shape"


def test_head_tells_whether_a_model_is_known(client: TestClient, model: str) -> None:
    """200 for a known digest, 404 for another, without a body."""
    known = client.head(f"/v1/models/{model}")
    assert (known.status_code, known.content) == (200, b"")
    assert client.head(f"/v1/models/sha256:{'0' * 64}").status_code == 404


def test_an_unchanged_model_is_not_sent_again(client: TestClient, hand: Hand, model: str) -> None:
    """304 for the ETag, until inspection changes the resource."""
    etag = client.get(f"/v1/models/{model}").headers["etag"]
    assert client.get(f"/v1/models/{model}", headers={"If-None-Match": etag}).status_code == 304
    hand.work()
    assert client.get(f"/v1/models/{model}", headers={"If-None-Match": etag}).status_code == 200


def test_a_model_in_use_is_not_deleted(client: TestClient, plan: dict[str, object], settings: ServiceSettings) -> None:
    """409 while a live job needs it; 204 afterwards, and the bytes are gone."""
    job = client.post("/v1/validations", json=plan).json()["id"]
    model = plan["model"]
    refused = client.delete(f"/v1/models/{model}")
    assert (refused.status_code, refused.json()["code"]) == (409, "IN_USE")
    client.post(f"/v1/validations/{job}:cancel")
    assert client.delete(f"/v1/models/{model}").status_code == 204
    assert client.get(f"/v1/models/{model}").status_code == 404
    assert MODEL_BYTES not in [path.read_bytes() for path in bytes_left(settings)]
    assert client.delete(f"/v1/models/{model}").status_code == 404


def test_models_are_listed_newest_first_in_pages(client: TestClient) -> None:
    """Page tokens lead through all of them once."""
    ids = [client.post("/v1/models", content=MODEL_BYTES + bytes([i])).json()["id"] for i in range(5)]
    seen, token = [], ""
    for _ in range(3):
        page = client.get("/v1/models", params={"page_size": 2, "page_token": token}).json()
        seen += [model["id"] for model in page["models"]]
        token = page["next_page_token"]
    assert (seen, token) == (ids[::-1], "")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/dead-letters"])
@pytest.mark.parametrize("token", ["abc", token_of(), token_of(7), token_of("\0"), token_of("\ud800")])
def test_a_page_token_of_ones_own_making_is_refused(client: TestClient, path: str, token: str) -> None:
    """422, never a guess, and no text that a database cannot hold reaches one."""
    answer = client.get(path, params={"page_token": token})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/page_token")
