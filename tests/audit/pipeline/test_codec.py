"""Partials as bytes."""

import json
from typing import Any

import numpy as np
import pytest

from junco.audit.partial import Partial
from junco.audit.pipeline.codec import decode, encode
from tests.truth.product import Job

ARRAYS: dict[tuple[str, ...], Any] = {
    ("gradient", "reinit", "0", "3", "rho"): np.array([0.1, np.nan, -1.0, np.inf], dtype=np.float32),
    ("smoothgrad(samples=4,sigma=0.1)", "original"): np.arange(6, dtype=np.float64).reshape(2, 3),
    ('odd "label", with [marks] \u00fc', "x"): np.zeros((0, 4), dtype=np.float32),
    ("flags",): np.array([True, False]),
    ("bytes",): np.arange(5, dtype=np.uint8),
    ("counts",): np.array([2**40, -1], dtype=np.int64),
    ("turned",): np.arange(12, dtype=np.float32).reshape(3, 4).T,
}
FACTS: dict[str, object] = {
    "cells": [{"arm": "reinit", "seed": 0, "unchanged": []}],
    "parity": [],
    "x": None,
    "third": 1 / 3,
    "word": "\u00fc\u20ac",
    "nested": {"a": {"b": [1, 2.5, True, None]}},
}


def test_a_partial_comes_back_as_it_was() -> None:
    """Keys, dtypes, shapes, NaN and memory order; facts to the last bit of a float."""
    again = decode(encode(Partial(ARRAYS, FACTS)))
    assert set(again.arrays) == set(ARRAYS)
    for key, value in ARRAYS.items():
        assert again.arrays[key].dtype == value.dtype
        np.testing.assert_array_equal(again.arrays[key], value)
    assert again.facts == FACTS


def test_equal_partials_are_equal_bytes() -> None:
    """Whatever order the arrays were put in: retried work can be compared by digest."""
    shuffled = {key: ARRAYS[key] for key in reversed(ARRAYS)}
    assert encode(Partial(shuffled, dict(reversed(FACTS.items())))) == encode(Partial(ARRAYS, FACTS))


def test_an_empty_partial_is_a_partial() -> None:
    """No arrays, no facts."""
    assert decode(encode(Partial({}, {}))) == Partial({}, {})


def test_nothing_is_pickled() -> None:
    """An array of Python objects is refused when written; the header that is read is JSON."""
    with pytest.raises(Exception, match="dtype"):
        encode(Partial({("x",): np.array([{}], dtype=object)}, {}))
    data = encode(Partial(ARRAYS, FACTS))
    length = int.from_bytes(data[:8], "little")
    assert set(json.loads(data[8 : 8 + length])) == {"__metadata__", *(json.dumps(key) for key in ARRAYS)}


def test_real_partials_survive(job: Job) -> None:
    """Every shard's own, bit for bit."""
    for partial in job.partials.values():
        again = decode(encode(partial))
        assert again.facts == json.loads(json.dumps(partial.facts))
        assert set(again.arrays) == set(partial.arrays)
        for key, value in partial.arrays.items():
            np.testing.assert_array_equal(again.arrays[key], value)
