"""What a TorchScript archive says of itself in its program's text, and the same archive for a machine without CUDA."""

import re
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZipFile

from junco.contract.errors import ModelNotJudgeable

_DEVICE = re.compile(r'torch\.device\("cuda(?::\d+)?"(?:, \d+)?\)')
_MOVE = re.compile(r"\btorch\.cuda\(")
_PICKLED = {b"X\x06\x00\x00\x00cuda:%d" % place: b"X\x03\x00\x00\x00cpu" for place in range(10)} | {
    b"X\x04\x00\x00\x00cuda": b"X\x03\x00\x00\x00cpu"
}
"""A device's name as the archive's pickles spell it: its length, then its letters."""

# What the text shows, and what was done to the program that shows it.
_PACKED = {
    "ConstantMKLDNNTensor": "torch.jit.optimize_for_inference",
    "mkldnn_prepacked": "torch.jit.optimize_for_inference",
    "ops.prepacked.": "optimize_for_mobile",
    "ops.vulkan_prepack": "optimize_for_mobile",
    "ops.metal_prepack": "optimize_for_mobile",
    "torch.classes.xnnpack": "optimize_for_mobile",
}


def on_cpu(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The archive with every CUDA device that it names by hand replaced by the CPU, and what there is to tell of it.

    Weights need no rewriting: torch moves them at loading. Raises ``ModelNotJudgeable`` where weights were packed for
    one kind of processor, from which they cannot be read back.
    """
    with ZipFile(BytesIO(data)) as archive:
        texts = [name for name in archive.namelist() if _is_text(name)]
        code = {name: archive.read(name).decode("utf-8", "surrogateescape") for name in texts if name.endswith(".py")}
        pickles = {name: archive.read(name) for name in texts if name.endswith(".pkl")}
    _require_unpacked(code.values())
    notes = _autocast(code.values())
    changed = {
        name: new.encode("utf-8", "surrogateescape")
        for name, text in code.items()
        if (new := _code_on_cpu(text)) != text
    }
    saved = any(spelt in held for held in pickles.values() for spelt in _PICKLED)
    if saved or changed:
        notes = (*notes, "the file was saved on a CUDA device: what it computes there is computed on the CPU here")
    # Devices that the pickles hold matter where the program reads them, beside the weights that torch moves.
    changed |= {name: _pickle_on_cpu(held) for name, held in pickles.items() if saved}
    return (_rewritten(data, changed) if changed else data), notes


def _is_text(name: str) -> bool:
    inner = name.partition("/")[2]
    return (inner.startswith("code/") and inner.endswith(".py")) or inner in ("data.pkl", "constants.pkl")


def _require_unpacked(code: Iterable[str]) -> None:
    for text in code:
        for mark, step in _PACKED.items():
            if mark in text:
                raise ModelNotJudgeable(
                    f"the model's weights were packed for one kind of processor by {step}",
                    expected="a program whose weights can be read and replaced",
                    found=f"{mark.removeprefix('ops.').rstrip('.')} in the program",
                    remedy=f"upload the model as it was before {step}; torch.jit.freeze is fine",
                )


def _autocast(code: Iterable[str]) -> tuple[str, ...]:
    if not any("autocast_mode.autocast.__new__" in text for text in code):
        return ()
    return ("the program switches autocast on: it is explained as it computes on the CPU, where less is cast to half",)


def _code_on_cpu(text: str) -> str:
    return _MOVE.sub("torch.cpu(", _DEVICE.sub('torch.device("cpu")', text))


def _pickle_on_cpu(held: bytes) -> bytes:
    for spelt, instead in _PICKLED.items():
        held = held.replace(spelt, instead)
    return held


def _rewritten(data: bytes, changed: dict[str, bytes]) -> bytes:
    """The archive with some entries replaced, and without the notes on source lines, which then lie elsewhere."""
    buffer = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                new.writestr(entry.filename, changed.get(entry.filename) or old.read(entry))
    return buffer.getvalue()
