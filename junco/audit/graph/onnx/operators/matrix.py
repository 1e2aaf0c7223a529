"""Matrix products."""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, operator


@operator("MatMul")
def matmul(_: Call, a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


@operator("Gemm")
def gemm(call: Call, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    left = a.t() if call.integer("transA") else a
    weight = b if call.integer("transB") else b.t()
    if alpha == 1 and (c is None or (beta == 1 and list(c.shape) == [weight.shape[0]])) and a.is_floating_point():
        return functional.linear(left, weight, c)
    product = torch.matmul(left, weight.t())
    product = product if alpha == 1 else (product * alpha).to(a.dtype)
    if c is None or beta == 0:
        return product
    return product + (c if beta == 1 else (c * beta).to(c.dtype))


@operator("Einsum")
def einsum(call: Call, *values: Tensor) -> Tensor:
    result: Tensor = torch.einsum(call.text("equation", ""), *values)
    return result


@operator("MatMulInteger")
def matmul_integer(_: Call, a: Tensor, b: Tensor, a_zero: Tensor | None = None, b_zero: Tensor | None = None) -> Tensor:
    left = a.to(torch.int32) - (0 if a_zero is None else a_zero.to(torch.int32))
    right = b.to(torch.int32) - (0 if b_zero is None else b_zero.to(torch.int32))
    return torch.matmul(left, right)
