"""From an upload that cannot be lifted to the canonical description of a black box."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from junco.audit.graph.blackbox.cascade import Read, steps
from junco.audit.graph.blackbox.holder import Holder
from junco.audit.graph.blackbox.script import ScriptBox, read_script
from junco.audit.graph.inputs import Fitted
from junco.audit.graph.judgeable import require_parameters
from junco.audit.graph.upload import Upload
from junco.audit.model import Canonical

_EXECUTORS: Mapping[str, str] = {"onnx": "onnxruntime", "torchscript": "torchscript"}


@dataclass(frozen=True)
class _Opened:
    box: Holder
    read: Read
    softmax: str | None = None


def black_box(upload: Upload, found: Fitted, *, data: bytes, why: str) -> Canonical:
    """The program of ``upload``, read from ``data``, as a model without gradients; ``why`` says what is in their way.

    Raises ``ModelNotJudgeable`` where no weights are found that could be randomised.
    """
    opened = _opened(upload, found, data)
    order = steps(opened.read.readers)
    require_parameters(order)
    _, channels, height, width = found.x.shape
    return Canonical(
        module=opened.box.eval(),
        steps=order,
        input_shape=(channels, height, width),
        classes=found.answer.shape[1],
        format=upload.format,
        producer=upload.producer,
        original=found.original,
        batch=found.original.batch,
        left_out=opened.read.left_out,
        softmax_cut=opened.softmax,
        warnings=(*upload.warnings, *_warnings(opened, found, executor=_EXECUTORS[upload.format], why=why)),
        executor=_EXECUTORS[upload.format],
        no_gradients=why,
    )


def _opened(upload: Upload, found: Fitted, data: bytes) -> _Opened:
    if upload.format == "onnx":
        from junco.audit.graph.blackbox.onnx import opened  # onnx is slow to import, and needed for ONNX alone

        file = opened(data, found)
        return _Opened(file.box, file.weights.read, file.softmax)
    script = upload.run
    assert isinstance(script, torch.jit.ScriptModule)
    read = read_script(script)
    return _Opened(ScriptBox(found.original, read), read)


def _warnings(opened: _Opened, found: Fitted, *, executor: str, why: str) -> Iterator[str]:
    yield f"no graph with gradients could be made of the file: {why}"
    yield f"the file is run as it is, by {executor}: methods that need gradients or layers are not available"
    if opened.read.statistics:
        yield "running statistics of its norms stay the trained network's while its weights are drawn anew"
    x, original = found.x.float(), found.original
    if original.batch is not None:
        yield f"the program takes batches of {original.batch} only: images are handed in so, which may cost time"
    answer = original(x)
    if not found.steady:
        yield "the same image gets other scores each time: the file draws random numbers, as in training mode"
    elif original.batch is None and not torch.allclose(original(x[:1]), answer[:1], rtol=1e-3, atol=1e-3):
        yield "an image's scores depend on the other images in its batch"
    if opened.softmax is None and _probabilities(answer):
        yield "the file ends in a softmax that could not be cut: probabilities are explained, not logits"


def _probabilities(answer: torch.Tensor) -> bool:
    """Whether rows [n, classes] look like probabilities, or like logarithms of such."""
    ones = torch.ones(len(answer))
    plain = bool((answer >= 0).all()) and torch.allclose(answer.sum(1), ones, atol=1e-3)
    return plain or (bool((answer <= 0).all()) and torch.allclose(answer.exp().sum(1), ones, atol=1e-3))
