"""Is this at all a model file? Looks at the first bytes only; a runner looks at the rest, behind its walls."""

from collections.abc import AsyncIterator

from junco.contract.errors import ModelFormatUnsupported

_ZIP = b"PK\x03\x04"
_KNOWN = (
    (b"\x80", "a Python pickle", "Save the model with torch.jit.save: Junco never loads pickles."),
    (b"\x89PNG", "a PNG image", "Upload images to /v1/image-sets."),
    (b"\xff\xd8\xff", "a JPEG image", "Upload images to /v1/image-sets."),
    (b"\x89HDF", "an HDF5 file, as Keras writes it", "Export the model as ONNX."),
    (b"\x1f\x8b", "a gzip archive", "Upload the model file itself."),
)
_TEXT = frozenset(range(32, 127)) | {9, 10, 13}


def refuse(head: bytes) -> ModelFormatUnsupported | None:
    """The error for a file that begins with ``head``, or None if it may be a model."""
    if head.startswith(_ZIP) or _is_onnx(head):
        return None
    found, remedy = next(((what, remedy) for magic, what, remedy in _KNOWN if head.startswith(magic)), _other(head))
    return ModelFormatUnsupported(
        f"The file is {found}, not a model that Junco reads.",
        expected="an ONNX file, or a TorchScript archive as torch.jit.save writes it (a zip file)",
        found=found,
        remedy=remedy,
        stage="upload",
    )


def _is_onnx(head: bytes) -> bool:
    """ONNX files begin with field 1, the number of their format's version."""
    return len(head) > 1 and head[0] == 0x08 and 0 < head[1] < 0x80


def _other(head: bytes) -> tuple[str, str]:
    remedy = "Export the model as ONNX, or save it with torch.jit.save, and upload that file."
    if not head:
        return "empty", remedy
    return ("text" if set(head) <= _TEXT else "binary data of an unknown kind"), remedy


async def sniffed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks; raises ``ModelFormatUnsupported`` before the first leaves if it cannot be a model's."""
    head = b""
    begun = False
    async for chunk in chunks:
        head += b"" if begun else chunk
        if begun:
            yield chunk
        elif len(head) >= 16:
            begun = True
            _raise(refuse(head[:512]))
            yield head
    if not begun:
        _raise(refuse(head))
        yield head


def _raise(error: ModelFormatUnsupported | None) -> None:
    if error is not None:
        raise error
