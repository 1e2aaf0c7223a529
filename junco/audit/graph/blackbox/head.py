"""The end of an ONNX file that is only run: scores as the file has them before a closing softmax."""

from collections.abc import Mapping

import torch
from onnx import ModelProto, NodeProto, helper
from torch import Tensor

_SHAPE_ONLY = {"Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Cast"}
_SOFTMAX = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}


def answered(answers: Mapping[str, Tensor], output: str | None, answer: Tensor) -> str:
    """Name of the file's output that was chosen as the classification."""
    if output is not None and output in answers:
        return output
    fitting = (name for name, value in answers.items() if value.numel() == answer.numel())
    return next((name for name in fitting if torch.equal(answers[name].reshape(answer.shape), answer)), "")


def cut_softmax(model: ModelProto, output: str) -> tuple[str, str] | None:
    """Let ``model`` answer what its closing softmax reads: the output's new name, and which softmax it was.

    None, and the model as it was, where ``output`` does not end in one.
    """
    makers = {name: node for node in model.graph.node for name in node.output}
    node, reader = makers.get(output), None
    while node is not None and node.op_type in _SHAPE_ONLY:
        node, reader = makers.get(node.input[0]), node
    taken = node is not None and node.op_type == "Log"
    if node is not None and taken:
        node = makers.get(node.input[0])
    if node is None or node.op_type not in _SOFTMAX:
        return None
    kind = "log_softmax" if taken else _SOFTMAX[node.op_type]
    return _around(model, node, reader, output=output), kind


def _around(model: ModelProto, softmax: NodeProto, reader: NodeProto | None, *, output: str) -> str:
    if reader is not None:
        reader.input[0] = softmax.input[0]
        return output
    kind = next(value for value in model.graph.output if value.name == output).type.tensor_type.elem_type
    model.graph.output.append(helper.make_tensor_value_info(softmax.input[0], kind, None))
    return str(softmax.input[0])
