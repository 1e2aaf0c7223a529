"""Damage that knows nothing of a file's form: flipped bits, lost ends, parts in wrong places."""

from numpy.random import Generator

from tests.audit.graph.fuzz.registry import Seed, mutation


def _place(data: bytes, generator: Generator) -> int:
    return int(generator.integers(len(data)))


@mutation()
def bits_flipped(seed: Seed, generator: Generator) -> bytes:
    """One to sixteen single bits."""
    data = bytearray(seed.data)
    for _ in range(int(generator.integers(1, 17))):
        data[_place(data, generator)] ^= 1 << int(generator.integers(8))
    return bytes(data)


@mutation()
def bytes_overwritten(seed: Seed, generator: Generator) -> bytes:
    """One to eight bytes; every other time near the beginning, where the structure is."""
    data = bytearray(seed.data)
    reach = len(data) if generator.integers(2) else min(len(data), 512)
    for place in generator.integers(reach, size=int(generator.integers(1, 9))):
        data[place] = int(generator.integers(256))
    return bytes(data)


@mutation()
def truncated(seed: Seed, generator: Generator) -> bytes:
    """The end is missing."""
    return seed.data[: _place(seed.data, generator)]


@mutation()
def spliced(seed: Seed, generator: Generator) -> bytes:
    """The beginning of one file, the end of another."""
    return seed.data[: _place(seed.data, generator)] + seed.other[_place(seed.other, generator) :]


@mutation()
def run_repeated(seed: Seed, generator: Generator) -> bytes:
    """A part comes twice."""
    start = _place(seed.data, generator)
    stop = min(len(seed.data), start + int(generator.integers(1, 400)))
    return seed.data[:stop] + seed.data[start:]


@mutation()
def run_lost(seed: Seed, generator: Generator) -> bytes:
    """A part is missing."""
    start = _place(seed.data, generator)
    return seed.data[:start] + seed.data[start + int(generator.integers(1, 400)) :]


@mutation()
def run_filled(seed: Seed, generator: Generator) -> bytes:
    """A part is all zeros or all ones."""
    start = _place(seed.data, generator)
    length = min(len(seed.data) - start, int(generator.integers(1, 64)))
    return seed.data[:start] + bytes([int(generator.choice([0, 255]))]) * length + seed.data[start + length :]
