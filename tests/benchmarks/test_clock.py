import time

import pytest

from benchmarks.clock import Breakdown, in_turns, replaced


def test_every_other_round_goes_backwards() -> None:
    """A drift of the machine meets first and last alike."""
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns({"a": lambda: work("a"), "b": lambda: work("b")}, rounds=2)
    assert order == ["a", "b", "b", "a"]
    assert found == {"a": 2.5, "b": 2.5}


def test_what_a_part_calls_of_another_counts_there_only() -> None:
    """The parts of a breakdown add up to the whole."""
    breakdown = Breakdown()
    inner = breakdown.timed("inner", lambda: time.sleep(0.05))
    outer = breakdown.timed("outer", inner)
    started = time.perf_counter()
    outer()
    whole = time.perf_counter() - started
    assert breakdown.spent["inner"] >= 0.05
    assert breakdown.spent["outer"] < 0.02
    assert sum(breakdown.spent.values()) == pytest.approx(whole, abs=0.005)


def test_a_part_that_raises_is_counted_too() -> None:
    """The next part is not charged for what failed before it."""
    breakdown = Breakdown()
    with pytest.raises(ZeroDivisionError):
        breakdown.timed("bad", lambda: 1 / 0)()
    breakdown.timed("good", lambda: time.sleep(0.01))()
    assert breakdown.spent["good"] >= 0.01


def test_what_was_replaced_comes_back() -> None:
    """Even after an error."""
    before = time.sleep
    with pytest.raises(TypeError, match="not callable"), replaced(time, "sleep", lambda _: None):
        time.sleep(0)
    assert time.sleep is before
