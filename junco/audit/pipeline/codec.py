"""Partials and arrays as bytes: JSON and raw arrays with declared dtype and shape, never a pickle."""

import json
from collections.abc import Sequence

from safetensors.numpy import load, save

from junco.audit.partial import Partial

_FACTS = "facts"


def encode(partial: Partial) -> bytes:
    """One safetensors file: an array per key, the facts in its metadata."""
    arrays = {json.dumps(key): value.copy(order="C") for key, value in partial.arrays.items()}
    return bytes(save(arrays, metadata={_FACTS: json.dumps(partial.facts, sort_keys=True)}))


def decode(data: bytes) -> Partial:
    """The partial that ``encode`` wrote."""
    length = int.from_bytes(data[:8], "little")
    facts = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_FACTS])
    return Partial(arrays={_key(name): value for name, value in load(data).items()}, facts=facts)


def _key(name: str) -> tuple[str, ...]:
    parts: Sequence[str] = json.loads(name)
    return tuple(parts)
