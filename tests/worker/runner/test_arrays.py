"""Arrays of a runner: whole files are taken, and every way of lying about them is refused by the header alone."""

import json

import numpy as np
import pytest
from safetensors.numpy import save

from junco.contract.errors import RunnerCrashed
from worker.runner.arrays import require_arrays


def written(tmp_path, data: bytes):
    path = tmp_path / "partial.safetensors"
    path.write_bytes(data)
    return path


def raw(header: object, body: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def test_what_safetensors_writes_is_taken(tmp_path):
    arrays = {"b": np.ones((2, 3), np.float32), "a": np.zeros((0, 4), np.int64), "c": np.array(True)}
    require_arrays(written(tmp_path, save(arrays, metadata={"facts": "{}"})))


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "header"),
        (raw(b"{}", length=1 << 60), "header"),
        (raw({"a": {**F32, "shape": [1 << 50]}}, bytes(8)), "F32"),
        (raw({"a": {**F32, "shape": [-2]}}, bytes(8)), "F32"),
        (raw({"a": {**F32, "data_offsets": [0, 1 << 62]}}, bytes(8)), "F32"),
        (raw({"a": {**F32, "data_offsets": [4, 12]}}, bytes(12)), "F32"),
        (raw({"a": F32, "b": {**F32, "data_offsets": [4, 12]}}, bytes(12)), "F32"),
        (raw({"a": F32}, bytes(9)), "9 bytes of arrays"),
        (raw({"a": F32}, bytes(7)), "7 bytes of arrays"),
        (raw({"a": {**F32, "dtype": "PICKLE"}}, bytes(8)), ""),
        (raw({"a": {**F32, "extra": 1}}, bytes(8)), ""),
        (raw({"a": {**F32, "shape": [2.5]}}, bytes(8)), ""),
        (raw(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', bytes(8)), ""),
        (raw({"a": {"some": "text"}}), "text"),
        (raw(b"[" * 10_000), ""),
        (raw(b"\x80\x04cos\nsystem\n"), ""),
    ],
)
def test_what_does_not_fill_its_declaration_is_refused(tmp_path, data, says):
    with pytest.raises(RunnerCrashed, match="arrays that cannot be taken") as caught:
        require_arrays(written(tmp_path, data))
    assert says in caught.value.found
