"""The uploaded ONNX file itself, run by onnxruntime: what the canonical graph is held against."""

from dataclasses import dataclass
from typing import Any

import torch
from onnx import ModelProto, TensorProto
from torch import Tensor

from junco.audit.graph.onnx.tensors import from_array
from junco.contract.errors import ModelUnreadable

_HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)


@dataclass(frozen=True)
class Session:
    """Maps images [n, C, H, W] to the file's outputs by name, on the CPU.

    ``last`` says that the file wants channels last. Raises whatever onnxruntime raises for inputs that it refuses.
    """

    session: Any
    image: str
    outputs: tuple[str, ...]
    last: bool = False

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        given = x.detach().permute(0, 2, 3, 1) if self.last else x.detach()
        answers = self.session.run(list(self.outputs), {self.image: given.contiguous().numpy()})
        return {name: from_array(answer) for name, answer in zip(self.outputs, answers, strict=True)}


def session(data: bytes) -> Any:
    """An onnxruntime session over ``data``, with as many threads as torch has. Raises ``ModelUnreadable``."""
    import onnxruntime  # type: ignore[import-untyped]  # slow to import, and needed for ONNX files alone

    onnxruntime.disable_telemetry_events()  # a user's models are nobody else's business
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    if _in_half(data):
        # At its highest level onnxruntime 1.31 dies of a segmentation fault on transformers in float16.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        # Always from bytes: by a path the runtime would follow references to other files.
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelUnreadable(
            "onnxruntime cannot load this ONNX file",
            expected="a model that onnxruntime runs on a CPU",
            found=f"{type(error).__name__}: {str(error).strip()[:200]}",
            remedy="run the file with onnxruntime where it was made; a lower opset may help",
        ) from error


def _in_half(data: bytes) -> bool:
    """Whether the file stores a weight in a half type."""
    graph = ModelProto.FromString(data).graph
    constants = (a.t for node in graph.node if node.op_type == "Constant" for a in node.attribute if a.HasField("t"))
    return any(tensor.data_type in _HALVES for tensor in (*graph.initializer, *constants))
