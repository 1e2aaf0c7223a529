"""Steps are done once, and a page keeps what stands around its tables."""

import json
from pathlib import Path

import pytest

from benchmarks.replicate import blocks, page, work


def test_a_step_that_was_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer is the file's, whatever would be found now."""
    monkeypatch.setattr(work, "OUT", tmp_path)
    assert work.kept("step", lambda: {"value": 1}) == {"value": 1}
    assert work.kept("step", lambda: {"value": 2}) == {"value": 1}


def test_a_step_that_fails_leaves_nothing_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, so that the next run tries again."""
    monkeypatch.setattr(work, "OUT", tmp_path)
    with pytest.raises(ZeroDivisionError):
        work.kept("step", lambda: {"value": 1 / 0})
    assert list(tmp_path.iterdir()) == []


def test_a_table_replaces_what_stands_between_its_marks_alone() -> None:
    """Text before and behind stays; a mark that is missing, or there twice, is an error."""
    text = "before\n<!-- a -->\nold\n<!-- /a -->\nbehind\n"
    assert page.replaced(text, "a", "| new |") == "before\n<!-- a -->\n| new |\n<!-- /a -->\nbehind\n"
    with pytest.raises(ValueError, match="0 places marked b"):
        page.replaced(text, "b", "")
    with pytest.raises(ValueError, match="2 places marked a"):
        page.replaced(text * 2, "a", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5, ".50"), (-0.123, "-.12"), (1.0, "1.00"), (0.999, "1.00"), (None, "-"), (float("nan"), "-")],
)
def test_similarities_are_written_as_the_papers_write_them(value: float | None, shown: str) -> None:
    """Two digits, without the zero before the point."""
    assert blocks.number(value) == shown


def test_committed_figures_have_four_digits_and_no_nan() -> None:
    """JSON has no NaN; sentences are left to the tables."""
    found = blocks.rounded({"a": [0.123456, float("nan")], "summary": "long", "b": {"c": 3}})
    assert json.dumps(found, allow_nan=False) == '{"a": [0.1235, null], "b": {"c": 3}}'
