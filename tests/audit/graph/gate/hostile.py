"""Archives as an attacker would write them: honest ones with a text, a tree or an entry changed."""

import io
import zipfile
from collections.abc import Callable

import torch

from tests.truth.models import IMAGE, as_torchscript, small_cnn


def honest(kind: str = "scripted") -> bytes:
    """A small classifier's archive."""
    return as_torchscript(small_cnn(), IMAGE, kind)  # type: ignore[arg-type]


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with each entry as ``change`` gives it, or without it where that is None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            held = change(entry.filename.partition("/")[2], old.read(entry))
            if held is not None:
                new.writestr(entry.filename, held)
    return buffer.getvalue()


def with_line(line: str, data: bytes | None = None) -> bytes:
    """An honest archive whose ``forward`` begins with ``line``."""
    done = False

    def change(name: str, held: bytes) -> bytes:
        nonlocal done
        if done or not name.startswith("code/") or not name.endswith(".py") or b"def forward" not in held:
            return held
        done = True
        head, _, tail = held.partition(b"def forward")
        signature, _, body = tail.partition(b":\n    ")
        return head + b"def forward" + signature + b":\n    " + line.encode() + b"\n    " + body

    changed = rewritten(data or honest("traced"), change)
    assert done
    return changed


def with_tree(tree: bytes) -> bytes:
    """An honest archive with another ``data.pkl``."""
    return rewritten(honest("traced"), lambda name, held: tree if name == "data.pkl" else held)


def with_entry(name: str, data: bytes, *, method: int = zipfile.ZIP_STORED) -> bytes:
    """An honest archive with one entry more."""
    buffer = io.BytesIO(honest("traced"))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, data, compress_type=method)
    return buffer.getvalue()


class SetState(torch.nn.Module):
    """Writes a file while it is loaded."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    @torch.jit.export
    def __getstate__(self):
        return (self.path, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.path, self.training = state
        torch.ops.aten.save(torch.ones(1), state[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean([2, 3])


def saved(model: torch.nn.Module) -> bytes:
    """The scripted model's archive."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model.eval()), buffer)
    return buffer.getvalue()
