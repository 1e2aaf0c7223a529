"""A model file's bytes to the canonical classifier."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, fx

from junco.audit.graph.assemble import Assembled, Names, assemble
from junco.audit.graph.attention import attention
from junco.audit.graph.blackbox import black_box
from junco.audit.graph.head import cut_softmax, flatten_output
from junco.audit.graph.inputs import Fitted, Shape, fitted
from junco.audit.graph.judgeable import require_gradients, require_parameters, same_gradients
from junco.audit.graph.landmarks import activation_counts, channels, first_linear, spatial, tap_last_maps
from junco.audit.graph.lift import Lifted, Source, holder, last_line, lift
from junco.audit.graph.memory import starved
from junco.audit.graph.observe import observed
from junco.audit.graph.original import Original
from junco.audit.graph.parity import parity, random_probes
from junco.audit.graph.precision import narrowest, retyped
from junco.audit.graph.retrace import place
from junco.audit.graph.sniff import is_onnx, require_torchscript
from junco.audit.graph.steps import steps, uncovered
from junco.audit.graph.tidy import tidied
from junco.audit.graph.tokens import grids, last_tokens
from junco.audit.graph.torchscript import read
from junco.audit.graph.upload import Upload
from junco.audit.types import Canonical
from junco.contract.errors import InputShapeMismatch, JuncoError, MemoryExceeded, ModelNotJudgeable


def load(data: bytes, *, input_shape: Shape | None = None, output: str | None = None) -> Canonical:
    """The classifier in a TorchScript or ONNX file, on the CPU in float32, in eval mode, nothing wanting gradients.

    Where no differentiable graph can be had, the model is a black box, and its ``no_gradients`` says why.
    ``input_shape`` (channels, height, width) is found by trying if absent; ``output`` names the class scores where the
    model answers several tensors. Raises ``ModelFormatUnsupported``, ``ModelUnreadable``, ``InputShapeMismatch``,
    ``ModelOutputShape``, ``ModelNotJudgeable`` or ``MemoryExceeded``, whatever the file holds.
    """
    with _named_errors():
        upload = _upload(data, output)
        _require_shape(upload, input_shape)
        original = Original(upload.run, upload.dtype, output, rounds=upload.rounds)
        return _graph_or_black_box(upload, fitted(original, upload.first, input_shape or upload.shape), data)


def _graph_or_black_box(upload: Upload, found: Fitted, data: bytes) -> Canonical:
    """The differentiable graph if one can be had that answers as the file does, or else the file's own executor."""
    try:
        canonical = _canonical(upload, found)
        why = _lost_parity(canonical)
        if why is None:
            return canonical
    except Exception as error:
        if starved(error) or (isinstance(error, JuncoError) and not isinstance(error, ModelNotJudgeable)):
            raise
        why = _reason(error)
    return black_box(upload, found, data=data, why=why)


def _reason(error: Exception) -> str:
    if not isinstance(error, ModelNotJudgeable):
        return f"it could not be turned into a graph: {type(error).__name__}: {last_line(error)}"
    return f"{error.detail} ({error.found})" if error.found else error.detail


def _lost_parity(canonical: Canonical) -> str | None:
    """Why the graph does not stand for the file; None if it does, or if the file does not even stand for itself."""
    probes = random_probes(canonical, torch.Generator().manual_seed(0), _PROBED)
    held = parity(canonical, probes)
    x = probes["noise"]
    if all(probe.within for probe in held) or not torch.equal(canonical.original(x), canonical.original(x)):
        return None
    return f"its graph answers otherwise, by {max(probe.max_relative for probe in held):.1e} of the largest score"


_PROBED = 2
"""Images of each kind on which a graph is held against the file at loading; inspections and jobs take more."""


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


def _canonical(upload: Upload, found: Fitted) -> Canonical:
    lifted = upload.lift(found)
    lifted = tidied(lifted, found.x[: lifted.batch])
    x = found.x[: lifted.batch]
    values = dict(observed(_module(lifted), x))
    narrow = narrowest(values.values())
    found = replace(found, original=replace(found.original, narrow=narrow))
    softmax = cut_softmax(lifted, values)
    (answer,) = lifted.graph.output_node().all_input_nodes
    flatten_output(lifted.graph, values[answer])
    assembled = assemble(lifted, x, names=upload.names())
    # In the file's own precision: another one rounds values across the kinks of activations.
    told = (*_buffers(assembled), *_overridden(upload, found, _ended(assembled.module, softmax), x))
    lifted = replace(lifted, notes=(*lifted.notes, *told))
    whole = upload.dtype is torch.float32 and narrow is None
    module = assembled.module if whole else retyped(assembled.module, torch.float32)
    return _described(upload, found, lifted=lifted, assembled=Assembled(module, assembled.left_out), softmax=softmax)


def _lifted(script: torch.jit.ScriptModule, found: Fitted) -> Lifted:
    original = found.original
    return lift(Source(script, original.choose, any_batch=original.batch is None), found.x)


def _names(script: torch.jit.ScriptModule) -> Names:
    buffers = dict(script.named_buffers(remove_duplicate=False))
    parameters = dict(script.named_parameters(remove_duplicate=False))
    trained = dict.fromkeys(buffers, False) | dict.fromkeys(parameters, True)
    return Names(trained, {name: place(tensor) for name, tensor in (buffers | parameters).items()})


def _module(lifted: Lifted) -> fx.GraphModule:
    return fx.GraphModule(holder(lifted.tensors), lifted.graph)


def _described(
    upload: Upload, found: Fitted, *, lifted: Lifted, assembled: Assembled, softmax: str | None
) -> Canonical:
    module, x = assembled.module, found.x[: lifted.batch].float()
    require_gradients(module, x)
    cam_layer = tap_last_maps(module, observed(module, x))
    seen = observed(module, x)
    tokens = grids(module, seen, len(x))
    order = steps(module)
    require_parameters(order)
    return Canonical(
        module=module,
        steps=order,
        input_shape=(x.shape[1], x.shape[2], x.shape[3]),
        classes=found.answer.shape[1],
        format=upload.format,
        producer=upload.producer,
        original=found.original,
        batch=lifted.batch,
        cam_layer=last_tokens(module, x, tokens) or cam_layer,
        spatial=spatial(module, seen, tokens),
        grids=tokens,
        channels=channels(module, seen, tokens),
        attention=attention(module, seen, x),
        activations=activation_counts(module),
        left_out={**assembled.left_out, **uncovered(module, order)},
        first_linear=first_linear(module),
        softmax_cut=softmax,
        warnings=(*upload.warnings, *lifted.notes, *_warnings(found, lifted=lifted, module=module)),
    )


def _warnings(found: Fitted, *, lifted: Lifted, module: fx.GraphModule) -> Iterator[str]:
    if lifted.batch is not None:
        yield f"the graph takes batches of {lifted.batch} only: images are handed in so, which may cost time"
    if lifted.batch is None and not _independent(module, found.x.float()):
        yield "an image's scores depend on the other images in its batch"
    narrow = found.original.narrow
    if narrow not in (None, found.original.dtype):
        yield f"the model computes in {narrow} between casts: it is explained in float32".replace("torch.", "")
    x = found.x[: lifted.batch].float()
    if not torch.equal(found.original(x), found.original(x)):
        yield "the same image gets other scores each time: the file draws random numbers, as in training mode"


def _overridden(upload: Upload, found: Fitted, ours: Callable[[Tensor], Tensor], x: Tensor) -> Iterator[str]:
    run = found.original.run
    if upload.differentiable and torch.equal(run(x), run(x)) and not same_gradients(run, ours, x):
        yield "the file overrides its gradients, as detach does: explanations follow what it computes instead"


def _buffers(assembled: Assembled) -> Iterator[str]:
    if assembled.untrained:
        yield f"layers use buffers of the file as weights, which are randomised too: {', '.join(assembled.untrained)}"


def _ended(module: fx.GraphModule, softmax: str | None) -> Callable[[Tensor], Tensor]:
    """``module`` with the softmax back that was cut off it."""
    if softmax is None:
        return module
    return lambda x: module(x).softmax(dim=1) if softmax == "softmax" else module(x).log_softmax(dim=1)


@torch.no_grad()
def _independent(module: fx.GraphModule, x: Tensor) -> bool:
    alone, together = module(x[:1]), module(x)[:1]
    return bool(torch.allclose(alone, together, rtol=1e-3, atol=1e-3 * float(together.abs().max())))
