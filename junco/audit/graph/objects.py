"""The object trees of a TorchScript archive, walked without building any of their objects.

Torch takes a tensor's size on trust: a weight that claims more numbers than its record holds is read beyond the
record's end, and the process dies of it or shows what lies there. Such claims are refused here.
"""

import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from junco.contract.errors import ModelUnreadable

_BYTES = {
    "Byte": 1, "Char": 1, "Bool": 1, "QInt8": 1, "QUInt8": 1, "Untyped": 1, "QUInt4x2": 1, "QUInt2x4": 1,
    "Short": 2, "Half": 2, "BFloat16": 2, "Int": 4, "Float": 4, "QInt32": 4, "Long": 8, "Double": 8,
    "ComplexFloat": 8, "ComplexDouble": 16,
}  # fmt: skip
"""Bytes a number, by the storage's class without its ``Storage``."""
_REBUILT = frozenset({"_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_qtensor"})


@dataclass(frozen=True)
class _Storage:
    """A run of numbers in a record."""

    record: str
    numbers: int


class _Inert:
    """Stands for any object: takes whatever is done to it, and does nothing."""

    def __init__(self, *_: object) -> None: ...

    def __call__(self, *_: object) -> "_Inert":
        return _Inert()

    def __setstate__(self, _: object) -> None: ...

    def append(self, _: object) -> None: ...

    def extend(self, _: object) -> None: ...

    def __setitem__(self, key: object, value: object) -> None: ...


class _Walk(pickle.Unpickler):
    """Reads a tree, with stand-ins for all that it names; tensors are held against their records' sizes."""

    def __init__(self, data: bytes, sizes: Mapping[str, int], folder: str) -> None:
        super().__init__(io.BytesIO(data))
        self._sizes, self._folder = sizes, folder

    def find_class(self, module: str, name: str) -> Any:
        """Never the real thing."""
        if module == "torch._utils" and name in _REBUILT:
            return _require_inside
        return type(name, (_Inert,), {}) if name.isidentifier() else _Inert

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage: its kind, its record, and how many numbers it claims."""
        _, kind, record, _, numbers = pid
        width = _BYTES.get(kind.__name__.removesuffix("Storage"))
        held = self._sizes.get(f"{self._folder}/{record}")
        if width is None or held is None or not 0 <= numbers * width <= held:
            raise _damaged(
                f"record {str(record)[:40]!r} of {held} bytes, claimed to hold {numbers} {kind.__name__[:40]}"
            )
        return _Storage(record, numbers)


def require_sound(trees: Mapping[str, bytes], sizes: Mapping[str, int]) -> None:
    """Raise ``ModelUnreadable`` unless every tensor in ``trees`` lies within its record.

    ``trees`` are ``data.pkl`` and ``constants.pkl`` by their folder; ``sizes`` the bytes of every record by its path.
    """
    for folder, data in trees.items():
        try:
            _Walk(data, sizes, folder).load()
        except ModelUnreadable:
            raise
        except Exception as error:  # what is no tree fails in any way
            raise _damaged(f"{folder}.pkl cannot be read ({type(error).__name__})") from error


def _require_inside(storage: _Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: object) -> _Inert:
    empty = 0 in size
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or (not empty and last >= storage.numbers):
        raise _damaged(f"a tensor of {list(size)[:8]} at {offset} in a record of {storage.numbers} numbers")
    return _Inert()


def _damaged(found: str) -> ModelUnreadable:
    return ModelUnreadable(
        "the file looks like a model archive, but is damaged",
        expected="an object tree whose tensors lie within their records",
        found=found,
        remedy="upload the file again; if that does not help, export it again",
    )
