"""Every kind of file is told for what it is, damaged ones too."""

import io
import zipfile

import pytest
import torch

from junco.audit.graph import load
from junco.contract.errors import (
    BadInput,
    ModelFormatUnsupported,
    ModelUnreadable,
)
from tests.truth import models


def _checkpoint(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"?")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "expected", "found"),
    [
        (b"", ModelFormatUnsupported, "empty"),
        (b"hello", ModelFormatUnsupported, "unknown"),
        (b"\x08\x07\x12\x07pytorch", ModelUnreadable, "no graph"),
        (b"\x80\x02}q\x00.", ModelFormatUnsupported, "pickle"),
        (_checkpoint(models.small_cnn().state_dict()), ModelFormatUnsupported, "checkpoint"),
        (_zip("a.txt"), ModelFormatUnsupported, "zip"),
        (_zip("m/archive_format", "m/models/model.json"), ModelFormatUnsupported, ".pt2"),
        (_zip("m/code/a.py", "m/data.pkl", "m/constants.pkl"), ModelUnreadable, "data.pkl cannot be read"),
        (b"PK\x03\x04" + bytes(40), ModelUnreadable, "directory"),
    ],
    ids=["empty", "text", "onnx", "pickle", "state_dict", "zip", "pt2", "nonsense", "zip_head"],
)
def test_what_is_no_torchscript_is_named(data, expected, found):
    """Each kind of file is told for what it is, with what to do."""
    with pytest.raises(expected) as refusal:
        load(data)
    assert found in (refusal.value.found or "")
    assert refusal.value.remedy


def test_damaged_files_never_raise_anything_but_named_errors():
    """Truncated files, and those with flipped bytes; a byte of the padding between records changes nothing."""
    whole = models.as_torchscript(models.mlp(), models.DIGIT, "traced")
    for end in range(0, len(whole), len(whole) // 20):
        with pytest.raises(BadInput):
            load(whole[:end])
    generator = torch.Generator().manual_seed(0)
    x, refused = torch.rand(2, *models.DIGIT, generator=generator), 0
    expected = load(whole, input_shape=models.DIGIT)(x)
    for place in torch.randint(len(whole), (20,), generator=generator).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            found = load(bytes(damaged), input_shape=models.DIGIT)
        except BadInput:
            refused += 1
        else:
            assert torch.equal(found(x), expected)
    assert refused >= 15
