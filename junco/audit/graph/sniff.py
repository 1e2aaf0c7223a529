"""What kind of file some bytes are, told without executing any of them."""

from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from junco.audit.graph.objects import require_sound
from junco.audit.graph.scripts import require_harmless
from junco.contract.errors import JuncoError, ModelFormatUnsupported, ModelUnreadable

_EXPECTED = "an ONNX model, or a TorchScript archive as torch.jit.save writes it"
_EXPORT = "export it: torch.jit.trace(model.eval(), example).save('model.pt')"

_MOST_RECORDS = 50_000
_MOST_UNPACKED = 64 << 20
"""Bytes that packed records may become: torch packs its programs' texts and never its weights."""

# Leading bytes, and what a file that starts with them usually is.
_MAGIC = (
    (0, b"\x80", "a pickle, as older torch.save wrote checkpoints", _EXPORT),
    (0, b"\x89HDF", "an HDF5 file, as Keras writes it", "convert the model to PyTorch and export TorchScript"),
    (4, b"TFL3", "a TensorFlow Lite model", "convert the model to PyTorch and export TorchScript"),
    (8, b"{", "a safetensors file, which holds weights but no model", _EXPORT),
)


def is_onnx(data: bytes) -> bool:
    """Whether ``data`` begins as ONNX files do: with the number of their format's version."""
    return len(data) > 2 and data[0] == 0x08 and 0 < data[1] < 0x80


def require_torchscript(data: bytes) -> None:
    """Return if ``data`` is a whole TorchScript archive.

    Raises ``ModelFormatUnsupported`` for any other kind of file, ``ModelUnreadable`` for a damaged archive.
    """
    if not data.startswith(b"PK"):
        raise _not_an_archive(data)
    names = _checked_names(data)
    inner = {name.partition("/")[2] for name in names}
    if any(name.startswith("code/") for name in inner) and {"data.pkl", "constants.pkl"} & inner:
        require_sound(*_trees(data))
        require_harmless(_texts(data))
        return
    if "archive_format" in inner or any(name.endswith((".json", "model.json")) for name in names):
        raise _unsupported("a torch.export archive (.pt2)", "comes in a later release; until then, export TorchScript")
    if "data.pkl" in inner:
        raise _unsupported("a torch.save checkpoint: weights or a pickled module, without the model's program", _EXPORT)
    raise _unsupported("a zip archive without a model in it", _EXPORT)


def _checked_names(data: bytes) -> list[str]:
    try:
        with ZipFile(BytesIO(data)) as archive:
            _require_size(archive.infolist(), len(data))
            damaged = archive.testzip()
            names = archive.namelist()
    except JuncoError:
        raise
    except (BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _damaged("the archive's directory cannot be read") from error
    except Exception as error:  # zlib.error and struct.error share no base with the others
        raise _damaged(f"the archive cannot be unpacked ({type(error).__name__})") from error
    if damaged is not None:
        raise _damaged(f"the checksum of {damaged!r} does not match")
    return names


def _texts(data: bytes) -> Iterator[str]:
    with ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                yield archive.read(name).decode(errors="replace")


def _trees(data: bytes) -> tuple[dict[str, bytes], dict[str, int]]:
    """Object trees by their folder, and every record's size: as in torch, below the first record's folder."""
    with ZipFile(BytesIO(data)) as archive:
        root = archive.namelist()[0].partition("/")[0] + "/"
        records = {r.filename.removeprefix(root): r for r in archive.infolist() if r.filename.startswith(root)}
        trees = {
            name.removesuffix(".pkl"): archive.read(records[name])
            for name in ("data.pkl", "constants.pkl")
            if name in records
        }
    return trees, {name: record.file_size for name, record in records.items()}


def _require_size(records: list[ZipInfo], size: int) -> None:
    """Refuse before unpacking what would take far more memory than the file's size lets one expect."""
    # Torch looks names up whatever their case.
    if len({record.filename.lower() for record in records}) < len(records):
        raise _damaged("two records of one name: readers differ in which they take")
    unpacked = sum(record.file_size for record in records if record.compress_type != ZIP_STORED)
    stored = sum(record.file_size for record in records if record.compress_type == ZIP_STORED)
    if len(records) > _MOST_RECORDS:
        raise _damaged(f"{len(records)} records, where torch writes one a tensor: at most {_MOST_RECORDS}")
    if unpacked > _MOST_UNPACKED or stored > size:
        raise _damaged(f"{size} bytes that claim to unpack to {unpacked + stored}")


def _not_an_archive(data: bytes) -> ModelFormatUnsupported:
    for place, magic, kind, remedy in _MAGIC:
        if data[place : place + len(magic)] == magic:
            return _unsupported(kind, remedy)
    return _unsupported("an empty file" if not data else "an unknown kind of file", _EXPORT)


def _unsupported(found: str, remedy: str) -> ModelFormatUnsupported:
    return ModelFormatUnsupported(f"the file is {found}", expected=_EXPECTED, found=found, remedy=remedy)


def _damaged(found: str) -> ModelUnreadable:
    return ModelUnreadable(
        "the file looks like a model archive, but is damaged",
        expected="a complete archive",
        found=found,
        remedy="upload the file again; if that does not help, export it again",
    )
