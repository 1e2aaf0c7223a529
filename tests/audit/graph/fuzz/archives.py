"""TorchScript archives that are whole zip files and mean harm, or nonsense."""

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Iterable

from numpy.random import Generator

from tests.audit.graph.fuzz.registry import Kind, Seed, mutation

_Records = list[tuple[str, bytes]]


def _records(data: bytes) -> _Records:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _packed(records: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that come twice are meant
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            for name, data in records:
                archive.writestr(_entry(name, compression), data)
    return buffer.getvalue()


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    """An entry of no time in particular, so that a file is the same whenever it is made."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = compression
    return entry


def _chosen(records: _Records, ending: str, generator: Generator) -> int:
    places = [place for place, (name, _) in enumerate(records) if re.search(ending, name)]
    return places[int(generator.integers(len(places)))]


def _overwritten(data: bytes, generator: Generator) -> bytes:
    changed = bytearray(data)
    for place in generator.integers(max(1, len(changed)), size=int(generator.integers(1, 6))) if changed else ():
        changed[place] = int(generator.integers(256))
    return bytes(changed)


def _with(records: _Records, place: int, data: bytes) -> bytes:
    return _packed([*records[:place], (records[place][0], data), *records[place + 1 :]])


@mutation(Kind.TORCHSCRIPT)
def pickle_changed(seed: Seed, generator: Generator) -> bytes:
    """Bytes of the object tree, under a right checksum."""
    records = _records(seed.data)
    place = _chosen(records, r"(data|constants)\.pkl$", generator)
    return _with(records, place, _overwritten(records[place][1], generator))


@mutation(Kind.TORCHSCRIPT)
def code_changed(seed: Seed, generator: Generator) -> bytes:
    """Bytes of the program's text, under a right checksum."""
    records = _records(seed.data)
    place = _chosen(records, r"\.py$", generator)
    return _with(records, place, _overwritten(records[place][1], generator))


@mutation(Kind.TORCHSCRIPT)
def numbers_changed(seed: Seed, generator: Generator) -> bytes:
    """A number or a name in the program's text becomes another one of it, or an extreme one."""
    records = _records(seed.data)
    place = _chosen(records, r"\.py$", generator)
    text = records[place][1].decode()
    words = list(re.finditer(r"\b(?:\d+|[a-zA-Z_]\w*)\b", text))
    target = words[int(generator.integers(len(words)))]
    others = [str(n) for n in (-1, 0, 3, 1 << 31, 1 << 62)] if target[0].isdigit() else [word[0] for word in words]
    new = others[int(generator.integers(len(others)))]
    return _with(records, place, (text[: target.start()] + new + text[target.end() :]).encode())


@mutation(Kind.TORCHSCRIPT)
def record_lost_or_doubled(seed: Seed, generator: Generator) -> bytes:
    """A record is missing, or comes twice, or under another's name."""
    records = _records(seed.data)
    place = int(generator.integers(len(records)))
    match int(generator.integers(3)):
        case 0:
            del records[place]
        case 1:
            records.append((records[place][0], _overwritten(records[place][1], generator)))
        case _:
            records[place] = (records[int(generator.integers(len(records)))][0], records[place][1])
    return _packed(records)


@mutation(Kind.TORCHSCRIPT)
def tensor_resized(seed: Seed, generator: Generator) -> bytes:
    """A weight's bytes are fewer or more than the program expects, or none."""
    records = _records(seed.data)
    place = _chosen(records, r"/(data|constants)/\d+$", generator)
    data = records[place][1]
    sizes = (0, 1, len(data) // 2, max(0, len(data) - 4), len(data) + 4, 4 * len(data))
    return _with(records, place, (data * 5)[: sizes[int(generator.integers(len(sizes)))]])


@mutation(Kind.TORCHSCRIPT)
def renamed(seed: Seed, generator: Generator) -> bytes:
    """Names that lead elsewhere, are huge, empty or odd."""
    records = _records(seed.data)
    place = int(generator.integers(len(records)))
    names = ("../../etc/passwd", "/etc/passwd", "a" * 60_000, "x/\\y", "x/code/é.py", "x")
    records[place] = (names[int(generator.integers(len(names)))], records[place][1])
    return _packed(records)


@mutation(Kind.TORCHSCRIPT)
def nested_zips(seed: Seed, generator: Generator) -> bytes:
    """The archive inside archives."""
    data = seed.data
    for _ in range(int(generator.integers(1, 40))):
        data = _packed([("model/code/m.py", b""), ("model/data.pkl", data)])
    return data


@mutation(Kind.TORCHSCRIPT)
def bomb(seed: Seed, generator: Generator) -> bytes:
    """A record of up to 100 MB that packs into a few bytes."""
    records = _records(seed.data)
    place = _chosen(records, r"(\.pkl|\.py|/\d+)$", generator)
    records[place] = (records[place][0], bytes(int(generator.integers(1, 101)) << 20))
    return _packed(records, zipfile.ZIP_DEFLATED)


@mutation(Kind.TORCHSCRIPT)
def sizes_lie(seed: Seed, generator: Generator) -> bytes:
    """The directory gives a record another size, offset, checksum or compression."""
    data = bytearray(seed.data)
    entries = [match.start() for match in re.finditer(b"PK\x01\x02", bytes(data))]
    at = entries[int(generator.integers(len(entries)))]
    offset, form = ((10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (42, "<I"))[int(generator.integers(6))]
    values = (0, 1, 8, 0xFFFF) if form == "<H" else (0, 1, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
    struct.pack_into(form, data, at + offset, values[int(generator.integers(len(values)))])
    return bytes(data)


@mutation(Kind.TORCHSCRIPT)
def version_changed(seed: Seed, generator: Generator) -> bytes:
    """The archive's own version is another, or no number."""
    records = _records(seed.data)
    texts = (b"0", b"1\n", b"2\n", b"99\n", b"-1", b"x", b"", b"9" * 5000)
    return _with(records, _chosen(records, r"version$", generator), texts[int(generator.integers(len(texts)))])
