"""The typed client against the real service, with a real worker behind it."""

import shutil
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from junco.client.asked import Asked, Settings
from junco.client.http import HTML, JUNIT, Client
from junco.client.images import digest_of_file, gathered, image_set
from junco.client.options import methods
from junco.client.remote import Remote
from junco.contract.errors import (
    BlobCorrupt,
    DeadlineExceeded,
    InvalidPlan,
    JobAlreadyFinished,
    ModelOutputShape,
    NotFound,
    Unavailable,
)
from junco.contract.job import JobState
from junco.contract.request import PlanRequest
from service.app import create_app
from service.settings import ServiceSettings
from worker.loop import Loop
from worker.settings import WorkerSettings

SHAPE = (3, 32, 32)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    loop = Loop(WorkerSettings(home=home, threads=1, poll_seconds=0.1))
    lane = threading.Thread(target=loop.run)
    lane.start()
    with TestClient(create_app(ServiceSettings(home=home))) as served:
        yield Client("http://testserver", transport=served._transport)
    loop.stop()
    lane.join(30)
    assert not lane.is_alive()


@pytest.fixture(scope="module")
def finished(client, model, photos, tmp_path_factory):
    """A whole check over HTTP, with what was seen on the way."""
    out, seen = tmp_path_factory.mktemp("out"), []
    settings = Settings(methods=methods(["gradient"]), checks=("input_shift",), profile="quick", tags={"stage": "test"})
    with gathered([photos]) as pictures:
        asked = Asked(model, pictures, settings, SHAPE)
        outcome = Remote(client).check(asked, out=out, on_progress=seen.append)
    (job,) = client.jobs()
    return job, outcome, out, seen


def test_a_check_over_http_brings_the_outcome_and_its_files(finished):
    job, outcome, out, seen = finished
    assert job.state is JobState.SUCCEEDED
    assert job.verdict == outcome.verdict == "pass"
    assert job.request.labels == {"stage": "test"}
    assert (out / "report.html").exists()
    assert (out / "outcome.json").exists()
    assert seen[-1].percent == 100
    assert outcome.provenance.sandbox.startswith("rlimits+nnp")


def test_the_outcome_comes_as_junit_and_as_html(client, finished):
    job, _, out, _ = finished
    assert "<testsuites" in client.rendered(job.id, JUNIT)
    assert client.rendered(job.id, HTML) == (out / "report.html").read_text()


def test_a_model_that_is_known_is_not_sent_again(client, finished, model):
    sent = []
    client._http.event_hooks["request"] = [lambda request: sent.append(request.method)]
    try:
        assert client.upload_model(model, input_shape=SHAPE).id == digest_of_file(model)
    finally:
        client._http.event_hooks["request"] = []
    assert sent == ["HEAD", "GET"]


def test_a_rejected_model_raises_what_inspection_raised(client, segmenter):
    found = client.upload_model(segmenter, input_shape=SHAPE)
    with pytest.raises(ModelOutputShape) as caught:
        client.inspected(found.id, timeout=60)
    assert "[2, 3, 32, 32]" in str(caught.value.found)


def test_the_service_answers_what_a_plan_would_cost(client, finished, photos):
    job, _, _, _ = finished
    preview = client.preview(job.request)
    assert preview.shards == 1
    assert preview.cost == job.progress.total


def test_many_files_travel_as_one_zip_and_keep_their_labels(client, photos, tmp_path):
    for i in range(101):
        (tmp_path / f"image_{i}.png").write_bytes((photos / "0" / "00.png").read_bytes())
    with gathered([tmp_path]) as pictures:
        found = client.upload_images(pictures)
        assert found.id == image_set(pictures).id
    assert found.count == 101
    assert sorted(file.label for file in found.files) == list(range(101))


@pytest.mark.parametrize("copies", [1, 40])
def test_a_set_has_one_id_on_the_service_and_in_process(client, photos, tmp_path, copies):
    """Sizes, counts, labels and names are told alike, however the files travel; else no result could be compared."""
    odd = tmp_path / '.odd "folder"\\_é'
    odd.mkdir()
    for i in range(3 * copies):
        (odd / f"image {i}_7.png").write_bytes((photos / "0" / "00.png").read_bytes())
    np.savez(tmp_path / "set.npz", images=np.zeros((7, 8, 8, 3), np.uint8), labels=np.arange(7))
    zipped = Path(shutil.make_archive(str(tmp_path / "photos"), "zip", photos))
    with gathered([photos, tmp_path / "set.npz", zipped, odd]) as pictures:
        assert client.upload_images(pictures).id == image_set(pictures).id
    labels = list(range(12))
    with gathered([photos], labels) as pictures:
        assert client.upload_images(pictures, labels).id == image_set(pictures).id


def test_problems_arrive_as_the_errors_that_they_were(client, finished, photos):
    job, _, _, _ = finished
    with pytest.raises(NotFound):
        client.job("absent")
    with pytest.raises(JobAlreadyFinished):
        client.cancel(job.id)
    twice = PlanRequest(model=job.request.model, images=job.request.images, methods=("gradient", "gradient"))
    with pytest.raises(InvalidPlan, match="twice"):
        client.submit(twice)


def test_the_catalogue_is_the_contracts(client):
    assert {method.name for method in client.catalogue().methods} >= {"gradient", "grad_cam"}


def answering(*answers) -> Client:
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client("http://testserver", transport=httpx.MockTransport(handle), pause=0.001)


def test_reading_outlives_a_restart_of_the_service(finished):
    job, _, _, _ = finished
    away = httpx.ConnectError("refused")
    assert (
        answering(away, httpx.Response(503, text="starting"), httpx.Response(200, text=job.model_dump_json())).job(
            job.id
        )
        == job
    )


def test_a_service_that_stays_away_is_said_to_be():
    with pytest.raises(Unavailable, match="does not answer"):
        answering(httpx.ConnectError("refused")).job("any")


def test_waiting_ends_at_its_time_though_the_job_goes_on(finished):
    job, _, _, _ = finished
    running = job.model_copy(update={"state": JobState.RUNNING})
    with pytest.raises(DeadlineExceeded, match="goes on"):
        answering(httpx.Response(200, text=running.model_dump_json())).wait(job.id, timeout=0.01)


@pytest.mark.parametrize("name", ["../escaped", "report.html"])
def test_a_file_outside_the_result_or_damaged_on_the_way_is_refused(name, tmp_path):
    link = {"name": name, "media_type": "text/html", "size": 1, "digest": "sha256:" + "0" * 64, "url": "/x"}
    client = answering(httpx.Response(200, json={"artifacts": [link]}), httpx.Response(200, text="damaged"))
    with pytest.raises(BlobCorrupt):
        client.download("any", tmp_path / "out")
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "out" / "report.html").exists()
