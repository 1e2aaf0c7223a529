import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from junco.client.cli import app
from junco.contract.catalogue import CheckName, Control, Method, Verdict
from junco.contract.handbook import page
from junco.contract.images import PresetName
from junco.contract.job import JobState
from junco.contract.outcome import Caveat
from junco.contract.profile import ProfileName
from junco.contract.thresholds import Thresholds

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Put together here, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(("/wo" + r"rk/[a-z.]", "/ro" + "ot/", "/ho" + "me/[a-z]", "/tm" + "p/(pip|bash_jobs|claude)"))
)
REGISTRY = re.compile(
    "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "extra-" + "index-url", "index" + "_url *="))
)


def named(text: str) -> str:
    """As documents write names."""
    return f"`{text}`"


def anchors(markdown: Path) -> set[str]:
    """The fragments that a page's headings make."""
    heads = re.findall(r"^#+ (.+)$", markdown.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def relative_links() -> Iterator[tuple[Path, str]]:
    """Every link of every page that leads to a file of the tree."""
    for markdown in PAGES:
        prose = re.sub(r"```.*?```", "", markdown.read_text(), flags=re.DOTALL)
        yield from ((markdown, link) for link in LINK.findall(prose) if "://" not in link)


def tracked() -> list[Path]:
    """Every text file under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


def test_the_handbook_is_the_codes() -> None:
    """After a change: make docs"""
    assert (DOCS / "methods.md").read_text() == page()


@pytest.mark.parametrize("name", [*Method, *Control, *CheckName, *ProfileName, *PresetName, *Caveat])
def test_every_catalogue_name_is_in_the_handbook(name: str) -> None:
    """Methods, controls, checks, profiles, presets and caveats are all there."""
    assert named(name) in (DOCS / "methods.md").read_text()


@pytest.mark.parametrize("name", [*Caveat, *Verdict, *CheckName])
def test_every_word_of_a_verdict_is_explained(name: str) -> None:
    """Caveats and verdicts have their row in verdicts.md, and each check its rule."""
    text = (DOCS / "verdicts.md").read_text()
    assert re.search(rf"^(\|.*`{name}`.*\||## \d+\. {name})", text, re.MULTILINE)


@pytest.mark.parametrize("name", list(Thresholds.model_fields))
def test_every_threshold_has_its_value_in_the_handbook(name: str) -> None:
    """No number decides in secret."""
    assert re.search(rf"^\| `{name}` \| [\d.e-]+ \|", (DOCS / "methods.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_of_a_validation_is_explained(state: str) -> None:
    """The table of states in api.md has them all."""
    assert f"| {named(state)} |" in (DOCS / "api.md").read_text()


@pytest.mark.parametrize("command", [command.name for command in app.registered_commands])
def test_every_command_is_in_the_readme(command: str) -> None:
    """A person finds each subcommand without reading the code."""
    assert named(f"junco {command}") in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
def test_every_make_target_is_documented(target: str) -> None:
    """CONTRIBUTING.md lists what make help lists."""
    assert named(f"make {target}") in (ROOT / "CONTRIBUTING.md").read_text()


def test_no_document_names_a_command_or_target_that_is_gone() -> None:
    """What stands as `junco ...` or `make ...` in a page exists."""
    known = {f"junco {command.name}" for command in app.registered_commands}
    known |= {f"junco {group.name}" for group in app.registered_groups}
    known |= {f"make {target}" for target in re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    said = {found for markdown in PAGES for found in re.findall(r"`((?:junco|make) [a-z-]+)", markdown.read_text())}
    assert said - known == set()


def test_every_relative_link_leads_somewhere() -> None:
    """Files exist, and so do the headings that fragments name."""
    broken = []
    for markdown, link in relative_links():
        place, _, fragment = link.partition("#")
        target = (markdown.parent / place).resolve() if place else markdown
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(f"{markdown.relative_to(ROOT)} -> {link}")
    assert broken == []


def test_every_path_of_the_tree_in_a_document_exists() -> None:
    """A file that a page names in backticks has not moved."""
    said = re.compile(r"`((?:junco|service|worker|tests|docs|examples|openapi)/[\w/.\-]+)`")
    gone = {
        f"{markdown.relative_to(ROOT)}: {path}"
        for markdown in PAGES
        for path in said.findall(markdown.read_text())
        if not (ROOT / path).exists()
    }
    assert gone == set()


def test_decisions_are_short_numbered_without_gaps_and_listed() -> None:
    """At most 60 lines each; context, decision, consequence; all in the index."""
    index = (DOCS / "decisions" / "README.md").read_text()
    assert [path.name[:4] for path in DECISIONS] == [f"{i + 1:04}" for i in range(len(DECISIONS))]
    for path in DECISIONS:
        text = path.read_text()
        assert len(text.splitlines()) <= 60, path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"], path.name
        assert f"]({path.name})" in index, path.name


def test_prose_keeps_to_the_line_length() -> None:
    """Tables and addresses apart, documents have the code's line length."""
    most = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]
    long = [
        f"{markdown.relative_to(ROOT)}:{number}"
        for markdown in PAGES
        for number, line in enumerate(markdown.read_text().splitlines(), 1)
        if len(line) > most and not line.startswith("|")
    ]
    assert long == []


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine paths", "registry hosts"])
def test_no_file_tells_of_the_machine_that_it_was_made_on(pattern: re.Pattern[str]) -> None:
    """Neither folders of a machine nor package indexes are written anywhere in the tree."""
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in tracked()
        if (hit := pattern.search(path.read_text(errors="replace")))
    ]
    assert found == []


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine paths", "registry hosts"])
def test_the_search_for_machines_would_find_one(pattern: re.Pattern[str]) -> None:
    """Negative control: the patterns match what they are for."""
    guilty = {MACHINE: "cd /wo" + "rk/tree", REGISTRY: "https://py" + "pi.org/simple"}
    assert pattern.search(guilty[pattern])
