"""A model file's bytes to the canonical classifier."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch

from junco.audit.graph.blackbox import black_box
from junco.audit.graph.canonical import canonical
from junco.audit.graph.inputs import Fitted, Shape, fitted
from junco.audit.graph.lift import Lifted, Source, last_line, lift
from junco.audit.graph.memory import starved
from junco.audit.graph.names import Names
from junco.audit.graph.original import Original
from junco.audit.graph.parity import parity, random_probes
from junco.audit.graph.retrace import place
from junco.audit.graph.sniff import is_onnx, require_torchscript
from junco.audit.graph.torchscript import read
from junco.audit.graph.upload import Upload
from junco.audit.model import Canonical, Parity
from junco.contract.errors import InputShapeMismatch, JuncoError, MemoryExceeded, ModelNotJudgeable


def load(data: bytes, *, input_shape: Shape | None = None, output: str | None = None, probed: int = 2) -> Canonical:
    """The classifier in a TorchScript or ONNX file, on the CPU in float32, in eval mode, nothing wanting gradients.

    Where no differentiable graph can be had, the model is a black box, and its ``no_gradients`` says why.
    ``input_shape`` (channels, height, width) is found by trying if absent; ``output`` names the class scores where the
    model answers several tensors; a graph is held against the file on ``probed`` random images of each kind.
    Raises ``ModelFormatUnsupported``, ``ModelUnreadable``, ``InputShapeMismatch``, ``ModelOutputShape``,
    ``ModelNotJudgeable`` or ``MemoryExceeded``, whatever the file holds.
    """
    with _named_errors():
        upload = _upload(data, output)
        _require_shape(upload, input_shape)
        original = Original(upload.run, upload.dtype, output, rounds=upload.rounds)
        found = fitted(original, upload.first, input_shape or upload.shape)
        return _graph_or_black_box(upload, found, data=data, probed=probed)


def _graph_or_black_box(upload: Upload, found: Fitted, *, data: bytes, probed: int) -> Canonical:
    """The differentiable graph if one can be had that answers as the file does, or else the file's own executor."""
    try:
        lifted = canonical(upload, found)
        held = parity(lifted, random_probes(lifted, torch.Generator().manual_seed(0), probed))
        why = _lost(held) if found.steady else None
        if why is None:
            return replace(lifted, held=held)
    except Exception as error:
        if starved(error) or (isinstance(error, JuncoError) and not isinstance(error, ModelNotJudgeable)):
            raise
        why = _reason(error)
    return black_box(upload, found, data=data, why=why)


def _reason(error: Exception) -> str:
    if not isinstance(error, ModelNotJudgeable):
        return f"it could not be turned into a graph: {type(error).__name__}: {last_line(error)}"
    return f"{error.detail} ({error.found})" if error.found else error.detail


def _lost(held: Sequence[Parity]) -> str | None:
    """Why the graph does not stand for the file; None if it does."""
    if all(probe.within for probe in held):
        return None
    return f"its graph answers otherwise, by {max(probe.max_relative for probe in held):.1e} of the largest score"


def _upload(data: bytes, output: str | None) -> Upload:
    if is_onnx(data):
        from junco.audit.graph.onnx import read as read_onnx  # onnx is slow to import, and needed for ONNX alone

        return read_onnx(data, output)
    require_torchscript(data)
    program = read(data)
    return Upload(
        format="torchscript",
        producer=f"torch.jit ({program.script.original_name})",
        run=program.script,
        dtype=program.dtype,
        first=program.first,
        names=lambda: _names(program.script),
        lift=lambda found: _lifted(program.script, found),
        differentiable=True,
        warnings=program.warnings,
    )


def _require_shape(upload: Upload, wanted: Shape | None) -> None:
    if wanted is not None and upload.shape is not None and wanted != upload.shape:
        raise InputShapeMismatch(
            f"the model refuses inputs of shape {list(wanted)}",
            expected=f"{list(upload.shape)}",
            found=f"{list(wanted)}",
            remedy="name the shape (channels, height, width) that the model was exported for",
        )


@contextmanager
def _named_errors() -> Iterator[None]:
    """A file may make torch raise anything: it leaves here as one of the errors that ``load`` promises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except JuncoError:
        raise
    except Exception as error:
        if starved(error):
            raise MemoryExceeded(
                "the model wants more memory than there is", remedy="upload a smaller model"
            ) from error
        raise ModelNotJudgeable(
            "the model runs, but could not be turned into a graph that can be explained",
            expected="a feed-forward program of standard operators",
            found=f"{type(error).__name__}: {last_line(error)}",
            remedy="export it with torch.jit.trace, and without custom operators",
        ) from error


def _lifted(script: torch.jit.ScriptModule, found: Fitted) -> Lifted:
    original = found.original
    any_batch = original.batch is None
    return lift(Source(script, original.choose, any_batch=any_batch, steady=found.steady), found.x)


def _names(script: torch.jit.ScriptModule) -> Names:
    buffers = dict(script.named_buffers(remove_duplicate=False))
    parameters = dict(script.named_parameters(remove_duplicate=False))
    trained = dict.fromkeys(buffers, False) | dict.fromkeys(parameters, True)
    return Names(trained, {name: place(tensor) for name, tensor in (buffers | parameters).items()})
