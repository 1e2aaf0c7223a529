"""``junco serve``: upload, submit, poll, and everything that a result can be asked for."""

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from tests.e2e.conftest import Checked
from tests.e2e.processes import Installation, maps_torch, runners_of
from tests.e2e.talk import PLAN, Talk

pytestmark = pytest.mark.e2e
SCHEMA = Path(__file__).parents[2] / "openapi" / "result.schema.json"


@pytest.fixture(scope="module")
def job(embedded: Installation, model: Path, photos: list[Path]) -> dict[str, Any]:
    """PLAN, polled to its end as a platform would; nothing that was seen on the way went back."""
    with Talk(embedded) as client:
        job_id = client.submitted(PLAN, model.read_bytes(), photos)
        seen, etag = [client.job(job_id)], ""
        while seen[-1]["state"] in ("queued", "running"):
            answer = client.get(f"/v1/validations/{job_id}", headers={"If-None-Match": etag})
            if answer.status_code == 304:
                time.sleep(0.2)
                continue
            etag = answer.headers["etag"]
            seen.append(answer.json())
            assert ("retry-after" in answer.headers) == (seen[-1]["state"] in ("queued", "running"))
    for key in ("revision", "attempt"):
        values = [job[key] for job in seen]
        assert values == sorted(values)
    percents = [job["progress"]["percent"] for job in seen]
    assert percents == sorted(percents)
    return seen[-1]


def test_the_job_succeeds_though_its_verdict_is_fail(job: dict[str, Any]) -> None:
    """A validation that finds a bad explanation has done its work."""
    assert (job["state"], job["verdict"], job["attempt"]) == ("succeeded", "fail", 1)
    assert job["progress"]["percent"] == 100


def test_the_outcome_is_the_one_of_the_library_in_process(job: dict[str, Any], in_process: Checked, talk: Talk) -> None:
    """Bit for bit: verdicts, statistics, curves, plan and ids; only the provenance may differ."""
    assert talk.outcome(job["id"]) == in_process.outcome


def test_the_outcome_fits_its_published_schema(job: dict[str, Any], talk: Talk) -> None:
    """The whole result, provenance included."""
    found = talk.get(f"/v1/validations/{job['id']}/result").json()
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert found["provenance"]["sandbox"].startswith("rlimits+nnp")
    words = {method["label"]: method["verdict"] for method in found["methods"]}
    assert words["guided_backprop"] == words["input_x_gradient"] == "fail"
    assert words["gradient"] == "pass"


def test_every_artifact_is_there_whole_and_the_same_as_in_process(
    job: dict[str, Any], in_process: Checked, talk: Talk
) -> None:
    """PNG files are PNG files, named by the outcome, and equal to those that the library wrote."""
    links = talk.get(f"/v1/validations/{job['id']}/artifacts").json()["artifacts"]
    pictures = [link for link in links if link["media_type"] == "image/png"]
    assert len(pictures) > 20
    for link in pictures:
        answer = talk.get(link["url"])
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
        assert answer.content.endswith(b"IEND\xaeB`\x82")
        assert len(answer.content) == link["size"]
        assert answer.content == (in_process.folder / "out" / link["name"]).read_bytes()
    named = {name for m in in_process.outcome["methods"] for c in m["checks"] for name in c["artifacts"]}
    assert named <= {link["name"] for link in links}


def test_an_artifact_is_cached_by_its_etag_and_read_in_ranges(job: dict[str, Any], talk: Talk) -> None:
    """304 for the tag, 206 for a range, 416 for one outside."""
    url = f"/v1/validations/{job['id']}/artifacts/report.html"
    whole = talk.get(url)
    etag = whole.headers["etag"]
    assert talk.get(url, headers={"If-None-Match": etag}).status_code == 304
    part = talk.get(url, headers={"Range": "bytes=5-14"})
    assert (part.status_code, part.content) == (206, whole.content[5:15])
    assert part.headers["content-range"] == f"bytes 5-14/{len(whole.content)}"
    assert talk.get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def test_the_result_comes_as_junit_and_as_a_page(job: dict[str, Any], in_process: Checked, talk: Talk) -> None:
    """JUnit is the one that the command line writes; the page names every method."""
    url = f"/v1/validations/{job['id']}/result"
    junit = talk.get(url, headers={"Accept": "application/xml"}).text
    assert junit == (in_process.folder / "o.junit").read_text()
    suites = JUnitXml.fromstring(junit.encode())
    assert suites.failures == 2
    page = talk.get(url, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert all(name in page.text for name in PLAN["methods"])


def test_the_events_end_with_the_job(job: dict[str, Any], talk: Talk) -> None:
    """A late listener hears the last state, and the stream closes."""
    text = talk.get(f"/v1/validations/{job['id']}/events").text
    assert "event: succeeded" in text
    assert f"id: {job['revision']}" in text


def test_the_http_process_never_loads_torch_and_runners_do(job: dict[str, Any], embedded: Installation) -> None:
    """After all of that; the warm runner shows that this test could fail."""
    (api,) = embedded.apis()
    assert not maps_torch(api)
    children = Path(f"/proc/{embedded.processes[0].pid}/task/{embedded.processes[0].pid}/children").read_text().split()
    (spare,) = [pid for child in children for pid in runners_of(int(child))]
    assert maps_torch(spare)
