"""Raw arrays from a runner, checked without reading them: declared types and shapes must be what the file holds.

The format is safetensors': eight bytes of length, a JSON header, and the arrays one after the other. The worker has no
torch and no need to look at a number.
"""

from math import prod
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from junco.contract.errors import RunnerCrashed

MAX_HEADER_BYTES = 32 << 20
MAX_SIDE = 1 << 40
_WIDTHS = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "F32": 4}
_WIDTHS |= {"U64": 8, "I64": 8, "F64": 8}


class _Array(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    dtype: Literal["BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64"]
    shape: list[int] = Field(max_length=16)
    data_offsets: tuple[int, int] = Field(strict=False)


class _Header(RootModel[dict[str, _Array | dict[str, str]]]):
    """Arrays by name, and one entry of plain text."""


def require_arrays(path: Path) -> None:
    """Return if the file at ``path`` is whole: every byte belongs to one array of a known type and a sane shape.

    Raises ``RunnerCrashed``.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
            raise _refused(f"a header of {length} bytes in a file of {size}")
        header = _parsed(file.read(length))
    end = 0
    for name, array in sorted(header.items(), key=lambda item: item[1].data_offsets):
        end = _end(name, array, start=end)
    if end != size - 8 - length:
        raise _refused(f"{size - 8 - length} bytes of arrays, of which {end} are declared")


def _parsed(text: bytes) -> dict[str, _Array]:
    try:
        held = _Header.model_validate_json(text).root
    except ValidationError as error:
        raise _refused(str(error.errors()[0]["msg"])) from error
    if any(isinstance(value, dict) != (name == "__metadata__") for name, value in held.items()):
        raise _refused("text where an array should be")
    return {name: value for name, value in held.items() if isinstance(value, _Array)}


def _end(name: str, array: _Array, *, start: int) -> int:
    wanted = prod(array.shape) * _WIDTHS[array.dtype]
    first, last = array.data_offsets
    if not all(0 <= side <= MAX_SIDE for side in array.shape) or first != start or last - first != wanted:
        raise _refused(f"{name[:80]!r}, {array.dtype} of {array.shape}, at bytes {first} to {last}")
    return last


def _refused(found: str) -> RunnerCrashed:
    return RunnerCrashed(
        "The process that held the model answered with arrays that cannot be taken.",
        expected="a safetensors file whose declared types and shapes fill it exactly",
        found=found[:300],
    )
