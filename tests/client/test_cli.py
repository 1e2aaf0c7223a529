"""The command as people and scripts meet it: tables, files, exit codes."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from junco.client.cli import app
from junco.client.exits import Exit, FailOn, exit_of
from junco.contract.catalogue import Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import Outcome

SHAPE = ("--input-shape", "3x32x32")
BRIEF = (*SHAPE, "--profile", "quick", "--checks", "input_shift", "--methods", "gradient")


def junco(*arguments) -> object:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def checked(model, photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checked")
    files = ("--json", folder / "o.json", "--junit", folder / "o.xml", "--html", folder / "o.html")
    found = junco("check", model, photos, *BRIEF, *files, "--out", folder / "out", "--seed", 3)
    return found, folder


def test_a_check_prints_a_verdict_with_its_reason_and_passes(checked):
    found, _ = checked
    assert found.exit_code == Exit.PASS, found.stderr
    (row,) = [line for line in found.stdout.splitlines() if line.startswith("gradient")]
    assert row.split()[1:3] == ["input_shift", "pass"]
    assert "input_shift: 100 %" in found.stderr


def test_a_check_writes_the_files_that_were_asked_for(checked):
    _, folder = checked
    outcome = Outcome.model_validate_json((folder / "o.json").read_text())
    assert outcome.plan.seed == 3
    assert outcome.images.labels[:2] != (None, None)
    assert [case.get("name") for case in ET.parse(folder / "o.xml").iter("testcase")]
    assert (folder / "o.html").read_text() == (folder / "out" / "report.html").read_text()
    assert json.loads((folder / "out" / "outcome.json").read_text())["verdict"] == "pass"
    assert sorted(path.name for path in folder.iterdir()) == ["o.html", "o.json", "o.xml", "out"]


def test_json_on_standard_output_is_json_alone(model, photos, tmp_path):
    found = junco("check", model, photos, *BRIEF, "--out", tmp_path / "out", "--json", "-")
    assert Outcome.model_validate_json(found.stdout).verdict is Verdict.PASS
    assert "input_shift" in found.stderr


def test_a_model_that_is_no_classifier_is_refused_before_any_file_is_written(segmenter, photos, tmp_path):
    found = junco("check", segmenter, photos, *BRIEF, "--out", tmp_path / "out")
    assert found.exit_code == Exit.REFUSED
    assert "expected:" in found.stderr
    assert "[2, 3, 32, 32]" in found.stderr
    assert "Traceback" not in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_reference_models_reach_the_plan_and_are_refused_there(model, photos, tmp_path):
    """The model as its own reference, and a reference for a check that is not run: before any work."""
    for checks, says in (("model_manipulation", "its own model"), ("input_shift", "does not run")):
        words = (*SHAPE, "--checks", checks, "--methods", "gradient", "--reference-model", model)
        found = junco("check", model, photos, *words, "--out", tmp_path / "out")
        assert found.exit_code == Exit.REFUSED
        assert says in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_inspect_writes_the_model_resource(model, tmp_path):
    found = junco("inspect", model, *SHAPE, "--json", tmp_path / "m.json")
    assert found.exit_code == Exit.PASS, found.stderr
    report = ModelReport.model_validate_json((tmp_path / "m.json").read_text())
    assert [layer.name for layer in report.layers] == ["0", "4", "9"]
    assert "Conv2d" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--methods", "nope"), Exit.REFUSED, "no method 'nope'"),
        (("--checks", "nope"), Exit.REFUSED, "no check 'nope'"),
        (("--profile", "nope"), Exit.REFUSED, "nope"),
        (("--labels", "1,2"), Exit.REFUSED, "one label an image"),
        (("--url", "http://127.0.0.1:9"), Exit.SERVICE, "does not answer"),
    ],
)
def test_mistakes_are_told_apart_from_a_service_that_is_away(model, photos, tmp_path, arguments, code, says):
    found = junco("check", model, photos, "--out", tmp_path / "out", *arguments)
    assert found.exit_code == code
    assert says in found.stderr


def test_a_model_file_that_does_not_exist_is_a_usage_error(photos):
    assert junco("check", "absent.pt", photos).exit_code == Exit.REFUSED


def test_a_missing_engine_names_what_to_install(model, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: ())
    found = junco("check", model, photos, "--out", tmp_path / "out")
    assert found.exit_code == Exit.SERVICE
    assert "junco[audit]" in found.stderr


@pytest.mark.parametrize(
    ("verdict", "fail_on", "code"),
    [
        (Verdict.PASS, FailOn.FAIL, 0),
        (Verdict.FAIL, FailOn.FAIL, 1),
        (Verdict.INCONCLUSIVE, FailOn.FAIL, 3),
        (Verdict.INVALID, FailOn.FAIL, 3),
        (Verdict.NOT_RUN, FailOn.FAIL, 3),
        (Verdict.INCONCLUSIVE, FailOn.INCONCLUSIVE, 1),
        (Verdict.PASS, FailOn.INCONCLUSIVE, 0),
        (Verdict.FAIL, FailOn.NEVER, 0),
    ],
)
def test_exit_codes_follow_the_verdict_and_the_policy(verdict, fail_on, code):
    assert exit_of(verdict, fail_on) == code


def test_controls_are_shown_where_nothing_else_was_asked_for(model, photos, tmp_path):
    """The word is about them, so the table has them."""
    words = (*SHAPE, "--profile", "quick", "--checks", "input_shift", "--methods", "constant")
    found = junco("check", model, photos, *words, "--out", tmp_path / "out")
    assert [line.split()[:3] for line in found.stdout.splitlines() if line.startswith("constant")] == [
        ["constant", "input_shift", "pass"]
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("models", "--delete"), "--delete needs to know of what"),
        (("validations", "--cancel"), "--cancel needs to know of what"),
        (("validations", "some", "--cancel", "--delete"), "One thing at a time"),
    ],
)
def test_a_deed_names_one_thing(words, says):
    """Rather than be left out while everything is listed."""
    found = junco(*words, "--url", "http://127.0.0.1:9")
    assert found.exit_code == Exit.REFUSED
    assert says in found.stderr


def test_a_service_is_not_exposed_without_saying_so():
    found = junco("serve", "--host", "0.0.0.0")
    assert found.exit_code == Exit.REFUSED
    assert "--insecure" in found.stderr


def test_the_catalogue_needs_no_server():
    found = junco("catalogue", "--json")
    names = [json.loads(line)["name"] for line in found.stdout.splitlines()]
    assert "guided_backprop" in names
    assert "input_shift" in names


def test_the_catalogue_tells_all_of_one_method():
    """The card, parameters with their defaults and meaning, and what the method was judged on the reference models."""
    found = junco("catalogue", "lrp_epsilon")
    assert "Bach et al." in found.output
    assert "epsilon    1e-06" in found.output
    assert "on digits" in found.output
    (line,) = junco("catalogue", "lrp_epsilon", "--json").output.splitlines()
    card = json.loads(line)
    assert card["verdicts"]["digits"]["input_shift"] == "fail"
    assert card["parameters"]["properties"]["epsilon"]["default"] == 1e-06


def test_a_name_that_the_catalogue_lacks_is_refused_with_its_neighbours():
    """As usage errors are, and with what may have been meant."""
    found = junco("catalogue", "lrp_epsilom")
    assert found.exit_code == 2
    assert "lrp_epsilon" in found.output


def test_the_command_starts_without_torch():
    program = "import sys, junco.client.cli; sys.exit(bool({'torch', 'numpy', 'PIL', 'fastapi'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
