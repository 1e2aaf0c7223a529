"""Normalisations."""

import torch
from torch import Tensor
from torch.nn import functional

from junco.audit.graph.onnx.registry import Call, Result, operator


@operator("BatchNormalization")
def batch_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    training = call.integer("training_mode") or (call.opset < 7 and not call.integer("is_test"))
    if training or (call.opset < 9 and not call.integer("spatial", 1)):
        raise call.refused("batch normalisation in training mode, or one for each place")
    if x.dtype != scale.dtype:
        scale, bias, mean, variance = (tensor.to(x.dtype) for tensor in (scale, bias, mean, variance))
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=call.number("epsilon", 1e-5))


@operator("InstanceNormalization")
def instance_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    # One group a channel is the same thing, and keeps its weights as one module's where instance_norm repeats them.
    return functional.group_norm(x, x.shape[1], scale, bias, call.number("epsilon", 1e-5))


@operator("GroupNormalization", since=18)
def group_norm_by_group(call: Call, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    groups = call.integer("num_groups")
    each = x.shape[1] // groups
    spread = [tensor.unsqueeze(1).expand(groups, each).reshape(-1) for tensor in (scale, bias)]
    return functional.group_norm(x, groups, spread[0], spread[1], call.number("epsilon", 1e-5))


@operator("GroupNormalization", since=21)
def group_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return functional.group_norm(x, call.integer("num_groups"), scale, bias, call.number("epsilon", 1e-5))


@operator("LayerNormalization", since=17)
def layer_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Result:
    axis, epsilon = call.integer("axis", -1) % x.dim(), call.number("epsilon", 1e-5)
    shape = list(x.shape[axis:])
    if call.results == 1 and list(scale.shape) == shape and (bias is None or list(bias.shape) == shape):
        return functional.layer_norm(x, shape, scale, bias, epsilon)
    sides = list(range(axis, x.dim()))
    mean = x.mean(sides, keepdim=True)
    spread = 1 / ((x - mean).square().mean(sides, keepdim=True) + epsilon).sqrt()
    result = (x - mean) * spread * scale
    return result if bias is None else result + bias, mean, spread


@operator("RMSNormalization", since=23)
def rms_norm(call: Call, x: Tensor, scale: Tensor) -> Tensor:
    sides = list(range(call.integer("axis", -1) % x.dim(), x.dim()))
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    spread = (wide.square().mean(sides, keepdim=True) + call.number("epsilon", 1e-5)).rsqrt()
    return (wide * spread).to(x.dtype) * scale


@operator("LRN")
def local_response_norm(call: Call, x: Tensor) -> Tensor:
    size = call.integer("size")
    before, sides = (size - 1) // 2, [0, 0] * (x.dim() - 2)
    squares = functional.pad(x.square(), [*sides, before, size - 1 - before])
    # Alpha is over the size already in the mean: alpha / size * sum.
    mean = squares.unfold(1, size, 1).mean(-1)
    scale = call.number("bias", 1.0) + call.number("alpha", 1e-4) * mean
    return x / scale.pow(call.number("beta", 0.75))


@operator("LpNormalization")
def lp_norm(call: Call, x: Tensor) -> Tensor:
    axis, power = call.integer("axis", -1), call.integer("p", 2)
    norm = x.abs().sum(axis, keepdim=True) if power == 1 else x.square().sum(axis, keepdim=True).sqrt()
    return torch.where(norm == 0, torch.zeros_like(x), x / torch.where(norm == 0, torch.ones_like(norm), norm))


@operator("MeanVarianceNormalization")
def mean_variance_norm(call: Call, x: Tensor) -> Tensor:
    axes = call.integers("axes") or [0, 2, 3]
    mean = x.mean(axes, keepdim=True)
    variance = (x * x).mean(axes, keepdim=True) - mean * mean
    return (x - mean) / (variance.sqrt() + 1e-9)
