"""Two looks from the command: which plans are asked for, and whose files stay."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from junco.client.asked import Asked, OnProgress, Settings
from junco.client.extending import looked, worth_another
from junco.contract.catalogue import Verdict
from junco.contract.errors import WorkerLost
from junco.contract.looks import Look
from junco.contract.outcome import Outcome
from junco.contract.statistics import Sample
from tests.client.test_cli import BRIEF, junco


@pytest.fixture(scope="module")
def passed(model: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, Outcome]:
    """A real check in two looks, which decides at the first."""
    out = tmp_path_factory.mktemp("looked") / "out"
    found = junco("check", model, photos, *BRIEF, "--extend", "--out", out)
    return found, Outcome.model_validate_json((out / "outcome.json").read_text())


def test_a_check_that_decides_looks_once(passed: tuple[object, Outcome]) -> None:
    """At the first look's share of alpha, which the result shows."""
    found, outcome = passed
    assert "second look" not in found.stderr  # type: ignore[attr-defined]  # click's result
    assert (outcome.verdict, outcome.plan.look) == (Verdict.PASS, Look.FIRST)
    assert outcome.plan.profile.thresholds.alpha == 0.025


@dataclass
class Scripted:
    """A backend that ends in one way after the other, each time with files of its own."""

    outcomes: list[Outcome | BaseException]
    asked: list[Look] = field(default_factory=list)

    def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome:
        look = asked.settings.look
        self.asked.append(look)
        (out / look).mkdir()
        (out / look / "map.png").write_bytes(b"")
        (out / f"{look}.json").write_text("{}")
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


@pytest.fixture
def undecided(passed: tuple[object, Outcome]) -> Callable[[Sample | None], Outcome]:
    """The real outcome, as if it had not decided for want of so much data."""

    def made(needed: Sample | None) -> Outcome:
        (method,) = passed[1].methods
        check = method.checks[0].model_copy(update={"verdict": Verdict.INCONCLUSIVE, "needed": needed})
        open_ = method.model_copy(update={"checks": (check,), "verdict": Verdict.INCONCLUSIVE})
        return passed[1].model_copy(update={"verdict": Verdict.INCONCLUSIVE, "methods": (open_,)})

    return made


def test_a_second_look_answers_where_more_data_could(
    passed: tuple[object, Outcome], undecided: Callable[[Sample | None], Outcome], tmp_path: Path
) -> None:
    """Its outcome is the outcome, and nothing of the first look's files is left among its own."""
    doing = Scripted([undecided(Sample(images=40)), passed[1]])
    stages: list[str] = []
    asked = Asked(Path("m"), (), Settings())
    outcome = looked(asked, doing, out=tmp_path, on_progress=lambda seen: stages.append(seen.stage))
    assert doing.asked == [Look.FIRST, Look.SECOND]
    assert outcome.verdict is Verdict.PASS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["second", "second.json"]
    assert stages == ["second look"]


@pytest.mark.parametrize("broken", [WorkerLost("Gone.", remedy="Try again."), KeyboardInterrupt()])
def test_a_second_look_that_fails_leaves_the_first_looks_files(
    undecided: Callable[[Sample | None], Outcome], tmp_path: Path, broken: BaseException
) -> None:
    """And none of its own, half-written or whole; the error says where they are. Other files stay, as always."""
    doing = Scripted([undecided(Sample(images=40)), broken])
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("here before")
    with pytest.raises(type(broken)) as caught:
        looked(Asked(Path("m"), (), Settings()), doing, out=out, on_progress=lambda _: None)
    assert doing.asked == [Look.FIRST, Look.SECOND]
    assert sorted(path.name for path in out.iterdir()) == ["first", "first.json", "mine.txt"]
    assert list(tmp_path.iterdir()) == [out]
    if isinstance(caught.value, WorkerLost):
        assert caught.value.remedy == f"Try again. What the first look found is in {out}."


def test_a_second_look_takes_the_place_of_the_first_and_of_nothing_else(
    passed: tuple[object, Outcome], undecided: Callable[[Sample | None], Outcome], tmp_path: Path
) -> None:
    """Of the first look's folders those stay that hold somebody else's file."""
    first = undecided(Sample(images=40))

    class Slow(Scripted):
        def check(self, asked: Asked, *, out: Path, on_progress: OnProgress) -> Outcome:
            if self.asked:
                (tmp_path / "first" / "note.txt").write_text("written meanwhile")
            return super().check(asked, out=out, on_progress=on_progress)

    looked(Asked(Path("m"), (), Settings()), Slow([first, passed[1]]), out=tmp_path, on_progress=lambda _: None)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == ["first", "first/note.txt", "second", "second.json", "second/map.png"]


def test_doubt_that_no_data_resolves_is_left_as_it_is(
    passed: tuple[object, Outcome], undecided: Callable[[Sample | None], Outcome]
) -> None:
    """A withdrawn verdict, or a mean between the bounds; and what is decided is not looked at again."""
    assert worth_another(undecided(Sample(images=40)))
    assert not worth_another(undecided(None))
    assert not worth_another(passed[1])
