from fastapi.testclient import TestClient

from tests.service.access.conftest import As, Made
from tests.service.hand import MODEL_BYTES, Hand, archive, picture


def never_was(text: str) -> str:
    """The same with other digits, which keeps every word that is not an id."""
    return text.replace("v1", "V").translate(str.maketrans("0123456789", "1234567890")).replace("V", "v1")


def submitted(client: TestClient, headers: Made) -> dict[str, str]:
    model = client.post("/v1/models?name=secret-project", content=MODEL_BYTES, headers=headers)
    images = client.post("/v1/image-sets", files={"files": ("a.png", picture())}, headers=headers)
    ids = {"model": model.json()["id"], "images": images.json()["id"]}
    job = client.post("/v1/validations", json={**ids, "profile": "quick"}, headers=headers)
    return {**ids, "job": job.json()["id"]}


def test_another_tenants_things_are_not_there(client: TestClient, key: As) -> None:
    """404 for every way to ask, and in the very words for what never was."""
    ids = submitted(client, key("alpha"))
    beta = key("beta")
    Hand(client.app.state.shelf.records, client.app.state.shelf.blobs).work()
    paths = [
        ("GET", f"/v1/models/{ids['model']}"),
        ("HEAD", f"/v1/models/{ids['model']}"),
        ("DELETE", f"/v1/models/{ids['model']}"),
        ("GET", f"/v1/image-sets/{ids['images']}"),
        *[("GET", f"/v1/validations/{ids['job']}{part}") for part in ("", "/result", "/artifacts", "/events")],
        ("GET", f"/v1/validations/{ids['job']}/artifacts/report.html"),
        ("GET", f"/v1/validations/{ids['job']}?wait=1"),
        ("POST", f"/v1/validations/{ids['job']}:cancel"),
        ("DELETE", f"/v1/validations/{ids['job']}"),
    ]
    for method, path in paths:
        answer, never = (client.request(method, p, headers=beta) for p in (path, never_was(path)))
        assert (answer.status_code, never.status_code) == (404, 404), path
        if method != "HEAD":
            assert never_was(answer.json()["detail"]) == never.json()["detail"]
    plan = {"model": ids["model"], "images": ids["images"], "profile": "quick"}
    assert client.post("/v1/validations", json=plan, headers=beta).status_code == 404


def test_another_tenants_model_does_not_stand_beside_ones_own(client: TestClient, key: As) -> None:
    """404 as for one that never was, though the judged model and the images are the caller's."""
    theirs = client.post("/v1/models", content=archive({"model/data.pkl": b"theirs"}), headers=key("alpha")).json()[
        "id"
    ]
    beta = key("beta")
    own = submitted(client, beta)
    plan = {"model": own["model"], "images": own["images"], "checks": ["model_manipulation"]}
    never = "sha256:" + "0" * 64
    answers = [
        client.post("/v1/validations", json={**plan, "reference_models": [named]}, headers=beta)
        for named in (theirs, never)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"].replace(theirs, never) == answers[1].json()["detail"]


def test_the_same_bytes_of_another_tenant_are_not_observable(client: TestClient, key: As) -> None:
    """To the second tenant everything is as it would be to the first: new, not inspected, under its own name."""
    alpha, beta = key("alpha"), key("beta")
    hand = Hand(client.app.state.shelf.records, client.app.state.shelf.blobs)
    first = client.post("/v1/models?name=a&input_shape=3x32x32", content=MODEL_BYTES, headers=alpha)
    hand.work()
    second = client.post("/v1/models?name=b", content=MODEL_BYTES, headers=beta)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert (second.json()["name"], second.json()["inspection"], second.json()["revision"]) == ("b", "queued", 1)
    assert second.json()["input_shape"] is None
    assert [m["name"] for m in client.get("/v1/models", headers=beta).json()["models"]] == ["b"]
    pictures = [client.post("/v1/image-sets", files={"files": ("a.png", picture())}, headers=h) for h in (alpha, beta)]
    assert [answer.status_code for answer in pictures] == [201, 201]


def test_deleting_a_model_leaves_the_other_tenants_whole(client: TestClient, key: As) -> None:
    """The bytes go with the last one: until then the other tenant's work can be done."""
    alpha, beta = key("alpha"), key("beta")
    ids = submitted(client, alpha)
    hand = Hand(client.app.state.shelf.records, client.app.state.shelf.blobs)
    assert submitted(client, beta)["model"] == ids["model"]
    hand.work()
    path = f"/v1/models/{ids['model']}"
    assert client.delete(path, headers=alpha).status_code == 204
    assert client.get(path, headers=alpha).status_code == 404
    assert client.get(path, headers=beta).json()["inspection"] == "done"
    assert hand.blobs.exists(ids["model"])
    assert client.delete(path, headers=beta).status_code == 204
    assert not hand.blobs.exists(ids["model"])


def test_each_tenants_jobs_run_to_their_own_results(client: TestClient, key: As) -> None:
    """Lists, counts and results hold nothing of the other; the outcome names the model by its plain digest."""
    alpha, beta = key("alpha"), key("beta")
    ids, others = submitted(client, alpha), submitted(client, beta)
    Hand(client.app.state.shelf.records, client.app.state.shelf.blobs).work()
    for headers, own in ((alpha, ids), (beta, others)):
        listed = client.get("/v1/validations", headers=headers).json()["validations"]
        assert [(job["id"], job["state"]) for job in listed] == [(own["job"], "succeeded")]
        named = client.get(f"/v1/validations?model={own['model']}", headers=headers).json()["validations"]
        assert [job["id"] for job in named] == [own["job"]]
        assert client.get("/v1/status", headers=headers).json()["jobs"] == {"succeeded": 1}
        outcome = client.get(f"/v1/validations/{own['job']}/result", headers=headers).json()
        assert outcome["plan"]["model"] == own["model"] == ids["model"]
    assert client.get("/v1/validations", headers=key("gamma")).json()["validations"] == []


def test_another_tenants_key_of_a_row_is_no_id(client: TestClient, key: As) -> None:
    """The spelling of a row's key in the tables leads nowhere."""
    ids = submitted(client, key("alpha"))
    with client.app.state.shelf.records._database.read() as connection:
        from sqlalchemy import select

        from junco.storage.tables import models

        inner = connection.scalar(select(models.c.id))
    assert inner.endswith("@alpha")
    assert ids["model"] not in inner
    for headers in (key(), key("alpha"), key("beta")):
        assert client.get(f"/v1/models/{inner}", headers=headers).status_code == 404
