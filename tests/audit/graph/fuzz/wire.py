"""Damage that keeps an ONNX file a well-formed protobuf message: fields lost, doubled, swapped, extreme."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from numpy.random import Generator

from tests.audit.graph.fuzz.registry import Kind, Seed, mutation

_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
_EXTREMES = (0, 1, 7, 127, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


@dataclass(frozen=True)
class Field:
    """One field of a message: its number, its wire type, what it holds (varints decoded)."""

    number: int
    wire: int
    payload: bytes
    value: int = 0

    def encoded(self) -> bytes:
        """The field as it stands in a file."""
        head = varint(self.number << 3 | self.wire)
        if self.wire == _VARINT:
            return head + varint(self.value)
        return head + (varint(len(self.payload)) if self.wire == _LENGTH else b"") + self.payload


def varint(value: int) -> bytes:
    """An unsigned number of up to 64 bits."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def fields(data: bytes) -> list[Field]:
    """The fields of a message. Raises ``ValueError`` for bytes that are none."""
    return list(_fields(data))


def _fields(data: bytes) -> Iterator[Field]:
    place = 0
    while place < len(data):
        tag, place = _number(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _number(data, place)
            yield Field(number, wire, b"", value)
            continue
        if wire not in (_LENGTH, *_FIXED) or not number:
            raise ValueError(f"wire type {wire}")
        size, place = (_FIXED[wire], place) if wire in _FIXED else _number(data, place)
        if place + size > len(data):
            raise ValueError("the message ends early")
        yield Field(number, wire, data[place : place + size])
        place += size


def _number(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            return value & (1 << 64) - 1, place
    raise ValueError("the number has no end")


def _changed(data: bytes, generator: Generator, *, depth: int = 0) -> bytes:
    """``data`` with one field changed, somewhere between the top and the leaves."""
    try:
        parts = fields(data)
    except ValueError:
        return data
    if not parts:
        return data
    place = int(generator.integers(len(parts)))
    if parts[place].wire == _LENGTH and len(parts[place].payload) > 1 and generator.random() < 0.85 - 0.05 * depth:
        parts[place] = replace(parts[place], payload=_changed(parts[place].payload, generator, depth=depth + 1))
    else:
        _change(parts, place, generator)
    return b"".join(part.encoded() for part in parts)


def _change(parts: list[Field], place: int, generator: Generator) -> None:
    match int(generator.integers(5)):
        case 0:
            del parts[place]
        case 1:
            parts.insert(place, parts[place])
        case 2:
            other = int(generator.integers(len(parts)))
            parts[place], parts[other] = parts[other], parts[place]
        case 3:
            parts[place] = replace(parts[place], number=int(generator.integers(1, 22)))
        case _:
            parts[place] = _extreme(parts[place], generator)


def _extreme(part: Field, generator: Generator) -> Field:
    if part.wire == _VARINT:
        return replace(part, value=int(_EXTREMES[int(generator.integers(len(_EXTREMES)))]))
    return replace(part, payload=generator.bytes(len(part.payload)))


@mutation(Kind.ONNX)
def field_changed(seed: Seed, generator: Generator) -> bytes:
    """One field of the message or of any inside it."""
    return _changed(seed.data, generator)


@mutation(Kind.ONNX)
def several_fields_changed(seed: Seed, generator: Generator) -> bytes:
    """Two to six of them."""
    data = seed.data
    for _ in range(int(generator.integers(2, 7))):
        data = _changed(data, generator)
    return data
