"""Ways to spoil a model file: one dict, one decorator. Every draw comes from the generator that is handed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from numpy.random import Generator


class Kind(StrEnum):
    """What a file was before it was spoilt."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"


@dataclass(frozen=True)
class Seed:
    """A valid file, and another of its kind to splice with."""

    kind: Kind
    data: bytes
    other: bytes


Mutation = Callable[[Seed, Generator], bytes]
MUTATIONS: dict[str, tuple[Mutation, frozenset[Kind]]] = {}
"""Mutation and the kinds of file that it spoils, by name."""


def mutation(*kinds: Kind) -> Callable[[Mutation], Mutation]:
    """Register a function under its name."""

    def register(function: Mutation) -> Mutation:
        MUTATIONS[function.__name__] = function, frozenset(kinds or Kind)
        return function

    return register


def spoilt(number: int, seeds: Mapping[str, Seed], generator: Generator) -> tuple[str, bytes]:
    """The file of that number and what was done to it: mutations and seeds come in turns."""
    name = list(MUTATIONS)[number % len(MUTATIONS)]
    function, kinds = MUTATIONS[name]
    fitting = [key for key, seed in seeds.items() if seed.kind in kinds]
    chosen = fitting[int(generator.integers(len(fitting)))]
    return f"{name} of {chosen}", function(seeds[chosen], generator)
