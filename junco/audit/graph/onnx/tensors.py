"""ONNX tensors and element types as torch's."""

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _disable_current_modes

from junco.contract.errors import ModelNotJudgeable

DTYPES: dict[int, torch.dtype] = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.DOUBLE: torch.float64,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.INT8: torch.int8,
    TensorProto.INT16: torch.int16,
    TensorProto.INT32: torch.int32,
    TensorProto.INT64: torch.int64,
    TensorProto.UINT8: torch.uint8,
    TensorProto.UINT16: torch.uint16,
    TensorProto.UINT32: torch.uint32,
    TensorProto.UINT64: torch.uint64,
    TensorProto.BOOL: torch.bool,
}
"""Element types that the importer computes in."""

# Four bits are kept in eight: the values are what counts.
_WIDENED: dict[int, type[np.generic]] = {TensorProto.INT4: np.int8, TensorProto.UINT4: np.uint8}


def dtype(kind: int) -> torch.dtype:
    """Torch's type for ONNX's number of it. Raises ``ModelNotJudgeable`` for types without a counterpart."""
    if kind not in DTYPES:
        raise _no_counterpart(kind)
    return DTYPES[kind]


def from_proto(proto: TensorProto) -> Tensor:
    """The tensor that ``proto`` holds, in memory of its own."""
    if proto.data_type in _WIDENED:
        return torch.from_numpy(numpy_helper.to_array(proto).astype(_WIDENED[proto.data_type]))
    dtype(proto.data_type)
    return from_array(numpy_helper.to_array(proto))


def from_array(array: NDArray[np.generic]) -> Tensor:
    """``array`` as a tensor, bfloat16 included, which numpy has no type of its own for."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def ints(tensor: Tensor) -> list[int]:
    """The integers in a tensor that does not depend on the image. Raises ``ModelNotJudgeable`` if it does."""
    return [int(value) for value in _values(tensor)]


def number(tensor: Tensor) -> float:
    """The one number in a tensor that does not depend on the image."""
    return float(_values(tensor)[0])


def floats(tensor: Tensor) -> list[float]:
    """The numbers in a tensor that does not depend on the image."""
    return [float(value) for value in _values(tensor)]


def _values(tensor: Tensor) -> list[float]:
    if isinstance(tensor, FakeTensor):
        raise ModelNotJudgeable(
            "a shape or setting inside the model depends on what is in the image",
            expected="shapes that depend on the image's size alone",
            found="one that is computed from its pixels",
            remedy="export the model without data-dependent shapes",
        )
    with _disable_current_modes():
        values: list[float] = tensor.detach().reshape(-1).tolist()
    return values


def _no_counterpart(kind: int) -> ModelNotJudgeable:
    return ModelNotJudgeable(
        "the model computes in an element type that has no counterpart in torch",
        expected="float, integer or boolean tensors",
        found=f"ONNX type {kind}",
        remedy="export the model in float32",
    )
