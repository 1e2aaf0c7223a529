"""``junco check`` as scripts meet it: real processes, exit codes, files; in process and against a server."""

import json
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.conftest import Checked, checked
from tests.e2e.processes import JUNCO, Installation, environment, installation, wait_until
from tests.e2e.talk import PLAN, Talk

pytestmark = pytest.mark.e2e
PASSING = ("--methods", "gradient", "--checks", "input_shift")


@pytest.fixture(params=["in process", "over HTTP"])
def where(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Options that say who does the work."""
    if request.param == "in process":
        return ()
    return ("--url", request.getfixturevalue("embedded").url)


def test_a_failing_method_is_exit_code_1_with_its_reason(in_process: Checked) -> None:
    """The table on standard output, progress on standard error, no traceback."""
    assert in_process.code == 1, in_process.stderr
    rows = {line.split()[0]: line.split()[1:3] for line in in_process.stdout.splitlines() if line[:1].isalpha()}
    assert rows["guided_backprop"] == ["parameter_randomization", "fail"]
    assert rows["gradient"] == ["parameter_randomization", "pass"]
    assert "report: 100 %" in in_process.stderr
    assert "Traceback" not in in_process.stderr


def test_the_files_are_written_where_they_were_asked_for(in_process: Checked) -> None:
    """JSON, JUnit and a page that needs nothing else; pictures in the report's folder."""
    assert in_process.outcome["verdict"] == "fail"
    suites = ET.parse(in_process.folder / "o.junit")
    failed = {case.get("classname") or "" for case in suites.iter("testcase") if case.find("failure") is not None}
    assert len(failed) == 2
    assert (in_process.folder / "o.html").read_text() == (in_process.folder / "out" / "report.html").read_text()
    assert 'src="http' not in (in_process.folder / "o.html").read_text()
    assert sorted(path.name for path in in_process.folder.iterdir()) == ["o.html", "o.json", "o.junit", "out", "tmp"]
    assert list((in_process.folder / "tmp").iterdir()) == []


def test_a_passing_method_is_exit_code_0(
    where: tuple[str, ...], model: Path, photos: list[Path], tmp_path: Path
) -> None:
    """The gate that releases."""
    done = checked(tmp_path, model, *photos, *PASSING, *where)
    assert (done.code, done.outcome["verdict"]) == (0, "pass"), done.stderr


def test_too_few_images_are_exit_code_3(
    where: tuple[str, ...], model: Path, photos: list[Path], tmp_path: Path
) -> None:
    """Neither a pass nor a fail."""
    only = ("--methods", "guided_backprop", "--checks", "parameter_randomization")
    done = checked(tmp_path, model, *photos[:5], *only, *where)
    assert (done.code, done.outcome["verdict"]) == (3, "inconclusive"), done.stderr


@pytest.mark.parametrize(
    ("kind", "says"), [("model", "file is"), ("image", "odd.png"), ("shape", "28, 28"), ("method", "gradcam")]
)
def test_refused_input_is_exit_code_2_and_writes_nothing(
    where: tuple[str, ...], model: Path, photos: list[Path], tmp_path: Path, kind: str, says: str
) -> None:
    """With what was expected, what was found and what to do on either way."""
    (tmp_path / "odd.png").write_text("not an image")
    asked: dict[str, list[object]] = {
        "model": [tmp_path / "odd.png", *photos, *PASSING],
        "image": [model, *photos, tmp_path / "odd.png", *PASSING],
        "shape": [model, *photos, *PASSING, "--preset", "unit:height=40,width=40"],
        "method": [model, *photos, "--methods", "gradcam"],
    }
    done = checked(tmp_path, *asked[kind], *where)
    assert done.code == 2, done.stderr
    assert says in done.stderr
    assert "expected:" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd.png", "tmp"]


@pytest.mark.slow
def test_a_service_that_is_killed_and_comes_back_does_not_end_a_check(
    in_process: Checked, model: Path, photos: list[Path], tmp_path: Path
) -> None:
    """The worker goes on, the client polls on, and the outcome is that of an untroubled run."""
    with installation(tmp_path / "server", tick_seconds=0.5) as made:
        service, worker = made.service(), made.worker()
        found: list[Checked] = []
        folder = tmp_path / "client"
        asked = ("--methods", ",".join(PLAN["methods"]), "--checks", ",".join(PLAN["checks"]))
        arguments = (model, *photos, *asked, "--url", made.url)
        check = threading.Thread(target=lambda: found.append(checked(folder, *arguments)))
        check.start()
        with Talk(made) as talk:
            wait_until(lambda: any(j["state"] == "running" for j in _jobs(talk)))
        service.kill()
        time.sleep(1)
        made.service()
        check.join(150)
        assert found, "the check did not end"
        assert found[0].code == 1, found[0].stderr
        assert found[0].outcome == in_process.outcome
        assert worker.stop() == 0


def _jobs(talk: Talk) -> list[dict[str, str]]:
    found: list[dict[str, str]] = talk.get("/v1/validations").json()["validations"]
    return found


def test_inspect_says_the_same_on_either_way(embedded: Installation, model: Path, tmp_path: Path) -> None:
    """One model resource, whoever looks."""
    command = [JUNCO, "inspect", str(model), "--input-shape", "1x28x28", "--json"]
    for name, where in (("here", []), ("there", ["--url", embedded.url])):
        told = {"env": environment(tmp_path), "cwd": tmp_path, "check": True, "stdout": subprocess.DEVNULL}
        subprocess.run([*command, str(tmp_path / name), *where], timeout=120, **told)
    here, there = (json.loads((tmp_path / name).read_text()) for name in ("here", "there"))
    assert here == there
    assert [layer["kind"] for layer in here["layers"]] == ["Conv2d", "Conv2d", "Linear", "Linear"]
