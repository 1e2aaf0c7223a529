"""What no honest client sends: each ends in a problem that says what was wrong, and leaves nothing."""

import errno
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from service.problems import _system
from service.settings import ServiceSettings
from tests.service.hand import MODEL_BYTES, Hand, picture
from tests.service.test_models import bytes_left

SURROGATE = '{"model": 1, "\\ud800": 1}'
FORM = [("model", ("net.pt", MODEL_BYTES)), ("images", ("a.png", picture()))]


@pytest.mark.parametrize("charset", ["punycode", "undefined", "unicode_escape", "utf-16", "latin-1"])
def test_a_form_in_another_charset_is_refused(client: TestClient, charset: str) -> None:
    """Some of Python's codecs raise what nobody expects, or give what cannot be stored; UTF-8 goes without saying."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="files"; filename="a\\ud800.png"\r\n\r\n' + picture() + b"\r\n"
        b'--B\r\nContent-Disposition: form-data; name="labels"\r\n\r\n[1]\r\n--B--\r\n'
    )

    def send(more: str) -> Any:
        headers = {"Content-Type": f"multipart/form-data; boundary=B{more}"}
        return client.post("/v1/image-sets", content=body, headers=headers)

    refused = send(f"; charset={charset}")
    assert (refused.status_code, refused.headers["content-type"]) == (415, "application/problem+json")
    assert charset in refused.json()["detail"]
    assert [send(more).status_code for more in ("", '; charset="UTF-8"')] == [201, 200]


def test_half_a_pair_in_a_plan_is_told_as_a_question_mark(client: TestClient, settings: ServiceSettings) -> None:
    """The name is said back in the problem, which is text all the same."""
    answer = client.post("/v1/validations", data={"plan": SURROGATE}, files=FORM)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_PLAN")
    assert answer.json()["found"] == "an object with model, ?"
    assert bytes_left(settings) == []


def test_text_among_the_files_is_refused(client: TestClient, settings: ServiceSettings) -> None:
    """``-F files=a.png`` for ``-F files=@a.png`` would judge fewer images than were meant."""
    answer = client.post("/v1/image-sets", files=[("files", (None, "a.png")), ("files", ("b.png", picture()))])
    assert (answer.status_code, answer.json()["code"]) == (422, "BAD_INPUT")
    assert "files=@path" in answer.json()["remedy"]
    assert bytes_left(settings) == []


@pytest.mark.parametrize(
    ("path", "twice", "more"),
    [
        ("/v1/models", ("file", ("net.pt", MODEL_BYTES)), []),
        ("/v1/image-sets", ("labels", (None, "[1]")), [("files", ("a.png", picture()))]),
        ("/v1/validations", ("plan", (None, "{}")), FORM),
        ("/v1/validations", FORM[0], FORM[1:]),
    ],
    ids=["model", "labels", "plan", "model of a form"],
)
def test_a_field_that_comes_twice_is_refused(
    client: TestClient, settings: ServiceSettings, path: str, twice: Any, more: list[Any]
) -> None:
    """Of two models, plans or lists of labels none is dropped in silence."""
    answer = client.post(path, files=[twice, twice, *more])
    assert (answer.status_code, answer.json()["found"]) == (422, "2")
    assert answer.json()["errors"][0]["pointer"] == f"/{twice[0]}"
    assert bytes_left(settings) == []


@pytest.mark.parametrize(
    "plan",
    [
        {"methods": [1] * 6000},
        {"methods": ["gradient"], **{f"x{i}": 1 for i in range(6000)}},
        {"label_models": {"labels": ["0"] * 6000}},
        {"methods": [{"method": "gradient", "parameters": {"a": [[0] * 6000]}}]},
    ],
    ids=["methods", "fields", "labels", "parameters"],
)
def test_a_plan_of_more_than_a_plan_can_hold_is_not_examined(client: TestClient, plan: dict[str, Any]) -> None:
    """Examining a million mistakes would hold up everybody: one problem, and no list of fields."""
    for path in ("/v1/validations", "/v1/validations?validate_only=true"):
        answer = client.post(path, json=plan)
        assert (answer.status_code, answer.json()["code"], answer.json()["errors"]) == (422, "INVALID_PLAN", [])
        assert answer.json()["expected"].startswith("at most 5000")


def test_a_label_for_each_of_many_training_images_is_no_excess(client: TestClient, plan: dict[str, Any]) -> None:
    """One class number an image: the plan is examined, and refused for another reason."""
    told = {"permuted": plan["model"], "labels": [3] * 50_000}
    answer = client.post("/v1/validations?validate_only=true", json={**plan, "label_models": told})
    assert "at most 5000" not in answer.text


def test_more_labels_than_images_may_be_are_counted_only(client: TestClient) -> None:
    """Many wrong labels are refused for their number."""
    labels = json.dumps([""] * 60_000)
    answer = client.post("/v1/image-sets", files=[("files", ("a.png", picture()))], data={"labels": labels})
    assert (answer.status_code, answer.json()["found"]) == (422, "60000")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/validations", "GET, POST"),
        ("/v1/validations/x", "DELETE, GET"),
        ("/v1/models/x", "DELETE, GET, HEAD"),
        ("/v1/validations/x/artifacts/a/b.png", "GET"),
        ("/v1/validations/x:cancel", "DELETE, GET, POST"),
    ],
)
def test_allow_names_every_method_of_a_path(client: TestClient, path: str, methods: str) -> None:
    """The problem points to this header, so it tells all."""
    answer = client.put(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_too_many_open_files_is_no_bug() -> None:
    """503 and a remedy for a form of more large files than may be open."""
    request = Request({"type": "http", "method": "POST", "path": "/v1/image-sets", "headers": [], "query_string": b""})
    answer = _system(request, OSError(errno.EMFILE, "Too many open files"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert json.loads(answer.body)["remedy"]


MISSING = "sha256:" + "1" * 64


@pytest.mark.parametrize("plan", [{"target": 10}, {"checks": ["model_manipulation"], "reference_models": [MISSING]}])
def test_a_refused_form_takes_back_the_images_that_came_with_it(
    client: TestClient, hand: Hand, settings: ServiceSettings, model: str, plan: dict[str, Any]
) -> None:
    """The model is known, the plan does not fit it: no image set is left, and its bytes are nobody's."""
    hand.work()
    files = [("model", ("net.pt", MODEL_BYTES)), *(("images", (f"{i}.png", picture(shade=i))) for i in range(12))]
    answer = client.post("/v1/validations", data={"plan": json.dumps(plan)}, files=files)
    assert answer.status_code in (404, 422)
    assert rows(settings) == {"models": 1, "image_sets": 0, "image_blobs": 0, "holdings": 1, "jobs": 0}
    assert client.get(f"/v1/models/{model}").json()["inspection"] == "done"
    assert client.post("/v1/validations", files=files).status_code == 202


def test_a_refused_form_takes_back_a_new_model_too(client: TestClient, hand: Hand, settings: ServiceSettings) -> None:
    """A reference model that is not there: the judged one is gone as well, and nothing is inspected."""
    plan = json.dumps({"checks": ["model_manipulation"], "reference_models": [MISSING]})
    answer = client.post("/v1/validations", data={"plan": plan}, files=FORM)
    assert answer.status_code == 404
    assert rows(settings) == {"models": 0, "image_sets": 0, "image_blobs": 0, "holdings": 0, "jobs": 0}
    assert hand.work() == []


def test_what_was_there_before_a_refused_form_stays(client: TestClient, hand: Hand, settings: ServiceSettings) -> None:
    """Images and a model that were uploaded by themselves are not the form's to take back."""
    client.post("/v1/models", content=MODEL_BYTES)
    client.post("/v1/image-sets", files=[("files", ("a.png", picture()))])
    hand.work()
    answer = client.post("/v1/validations", data={"plan": '{"target": 10}'}, files=FORM)
    assert answer.status_code == 422
    assert rows(settings) == {"models": 1, "image_sets": 1, "image_blobs": 1, "holdings": 2, "jobs": 0}


def rows(settings: ServiceSettings) -> dict[str, int]:
    """How many there are of each."""
    names = ("models", "image_sets", "image_blobs", "holdings", "jobs")
    with sqlite3.connect(Path(settings.home) / "junco.sqlite3") as database:
        found = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
    database.close()
    return found
