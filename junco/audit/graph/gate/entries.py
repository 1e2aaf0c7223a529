"""The archive's entries: their names, how they are packed, and the ones that torch interprets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from junco.audit.graph.gate.refusals import strange

_SANE = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*", re.ASCII)
_KNOWN = re.compile(
    r"code/.+\.(?:py|debug_pkl)|(?:data|constants|traced_inputs|attributes)\.pkl"
    r"|(?:data|constants|traced_inputs|tensors)/.+|extra/.+|\.data/.+|version|byteorder|\.format_version|\.storage_alignment"
    r"|model\.json|attributes/.+|bytecode\.pkl|mobile_debug_handles\.pkl|bytecode/.+"
)
_INTERPRETED = re.compile(r"(?:data|constants|traced_inputs|attributes|bytecode)\.pkl")
_ENCRYPTED, _PATCHED = 0x1, 0x20
_MOST_TEXT = 16 << 20
"""Bytes of program text; the largest classifiers have under one MiB."""


@dataclass(frozen=True)
class Entries:
    """Program texts and object trees by their name below the archive's top folder."""

    texts: Mapping[str, str]
    trees: Mapping[str, bytes]


def entries(data: bytes) -> Entries:
    """What torch interprets, read from ``data``; raises ``ModelUnreadable`` for what it would not have written."""
    with ZipFile(BytesIO(data)) as archive:
        records = archive.infolist()
        _require_sane(records, len(data))
        inner = {record.filename.partition("/")[2]: record for record in records if not record.is_dir()}
        code = {name: record for name, record in inner.items() if name.endswith(".py")}
        if sum(record.file_size for record in code.values()) > _MOST_TEXT:
            raise strange(f"over {_MOST_TEXT} bytes of program text", "a program")
        texts = {name: _ascii(name, archive.read(record)) for name, record in code.items()}
        trees = {name: archive.read(record) for name, record in inner.items() if _INTERPRETED.fullmatch(name)}
    return Entries(texts, trees)


def _require_sane(records: list[ZipInfo], size: int) -> None:
    names = [record.filename for record in records]
    if len(set(names)) != len(names):
        raise strange("two entries of one name", "entries with names of their own")
    if len({name.partition("/")[0] for name in names}) != 1:
        raise strange("entries in several top folders", "one top folder")
    for record in records:
        _require_sane_name(record)
        _require_sane_packing(record)
    _require_apart(records, size)


def _require_sane_name(record: ZipInfo) -> None:
    top, _, inner = record.filename.partition("/")
    # The top folder is called as the file was, whatever that is; torch writes all other names.
    if ".." in record.filename.split("/") or any(ord(c) < 32 or c in "\\\x7f" for c in record.filename) or not top:
        raise strange(f"an entry called {record.filename[:80]!r}", "plain names")
    if (
        not record.is_dir()
        and not (_SANE.fullmatch(inner) and _KNOWN.fullmatch(inner))
        and not inner.startswith("extra/")
    ):
        raise strange(f"an entry called {record.filename[:80]!r}", "entries as torch.jit.save writes them")


def _require_sane_packing(record: ZipInfo) -> None:
    if record.flag_bits & (_ENCRYPTED | _PATCHED):
        raise strange("an encrypted or patched entry", "plain entries")
    # Torch packs program texts and their notes, and nothing else: a packed weight is a bomb or was packed by hand.
    packed = record.filename.endswith((".py", ".debug_pkl")) and record.compress_type == ZIP_DEFLATED
    if record.compress_type != ZIP_STORED and not packed:
        raise strange(f"a packed entry ({record.filename[:80]!r})", "stored entries, as torch writes weights")


def _require_apart(records: list[ZipInfo], size: int) -> None:
    end = 0
    for record in sorted(records, key=lambda record: record.header_offset):
        if record.header_offset < end or record.header_offset + record.compress_size > size:
            raise strange("entries that overlap", "entries one after the other")
        end = record.header_offset + record.compress_size


def _ascii(name: str, text: bytes) -> str:
    try:
        # Torch's printer escapes all else; and Python would fold letters that torch keeps apart.
        return text.decode("ascii")
    except UnicodeDecodeError as error:
        raise strange(f"letters outside ASCII in {name[:80]!r}", "program text as torch prints it") from error
