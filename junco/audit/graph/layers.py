"""Convolutions, linear layers, norms and pools as modules."""

from typing import Any

from torch import fx, nn

from junco.audit.graph.registry import Call, Layer, builds

_CONVS = {False: (nn.Conv1d, nn.Conv2d, nn.Conv3d), True: (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)}


@builds("conv1d", "conv2d", "conv3d", "convolution", "_convolution")
def _conv(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    if weights is None or "weight" not in weights:
        return None
    if call.given.get("transposed"):
        return _conv_transpose(call)
    shape = call.shape("weight")
    dimensions = len(shape) - 2
    if isinstance(call.given["padding"], str) and call.given["padding"] not in ("same", "valid"):
        return None
    module = _CONVS[False][dimensions - 1](
        shape[1] * call.given["groups"],
        shape[0],
        shape[2:],
        stride=_sized(call.given["stride"], dimensions),
        padding=_padding(call.given["padding"], dimensions),
        dilation=_sized(call.given["dilation"], dimensions),
        groups=call.given["groups"],
        bias="bias" in weights,
        device="meta",
    )
    return Layer(call.given["input"], (module,), weights)


@builds("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transpose(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    if weights is None or "weight" not in weights:
        return None
    shape = call.shape("weight")
    dimensions = len(shape) - 2
    module = _CONVS[True][dimensions - 1](
        shape[0],
        shape[1] * call.given["groups"],
        shape[2:],
        stride=_sized(call.given["stride"], dimensions),
        padding=_sized(call.given["padding"], dimensions),
        output_padding=_sized(call.given["output_padding"], dimensions),
        dilation=_sized(call.given["dilation"], dimensions),
        groups=call.given["groups"],
        bias="bias" in weights,
        device="meta",
    )
    return Layer(call.given["input"], (module,), weights)


@builds("linear")
def _linear(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    if weights is None or "weight" not in weights or len(call.shape("weight")) != 2:
        return None
    outputs, inputs = call.shape("weight")
    return Layer(call.given["input"], (nn.Linear(inputs, outputs, bias="bias" in weights, device="meta"),), weights)


@builds("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "cudnn_batch_norm")
def _batch_norm(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias", "running_mean", "running_var")
    if weights is None or not {"running_mean", "running_var"} <= weights.keys():
        return None
    if call.given.get("training") or ("weight" in weights) != ("bias" in weights):
        return None
    (channels,) = call.shape("running_mean")
    kind = {4: nn.BatchNorm2d, 5: nn.BatchNorm3d}.get(call.dimensions("input"), nn.BatchNorm1d)
    module = kind(
        channels, eps=call.given["eps"], momentum=call.given["momentum"], affine="weight" in weights, device="meta"
    )
    return Layer(call.given["input"], (module,), weights)


@builds("group_norm", "native_group_norm")
def _group_norm(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    if weights is None or weights.keys() != {"weight", "bias"}:
        return None
    groups = call.given.get("num_groups", call.given.get("group"))
    module = nn.GroupNorm(groups, call.shape("weight")[0], eps=call.given["eps"], device="meta")
    return Layer(call.given["input"], (module,), weights)


@builds("instance_norm")
def _instance_norm(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    dimensions = call.dimensions("input") - 2
    if weights is None or len(weights) == 1 or not call.given["use_input_stats"] or dimensions not in (1, 2, 3):
        return None
    channels = call.shapes[call.given["input"]][1]
    kind = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)[dimensions - 1]
    return Layer(
        call.given["input"], (kind(channels, eps=call.given["eps"], affine=bool(weights), device="meta"),), weights
    )


@builds("layer_norm", "native_layer_norm")
def _layer_norm(call: Call) -> Layer | None:
    weights = call.weights("weight", "bias")
    shape = call.given["normalized_shape"]
    if weights is None or any(isinstance(size, fx.Node) for size in shape):
        return None
    affine = bool(weights)
    module = nn.LayerNorm(
        list(shape), eps=call.given["eps"], elementwise_affine=affine, bias="bias" in weights, device="meta"
    )
    return Layer(call.given["input"], (module,), weights) if not affine or "weight" in weights else None


@builds("max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "max_pool3d_with_indices")
def _max_pool(call: Call) -> Layer:
    kind = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[_dimensions(call) - 1]
    given = call.given
    return _pool(
        call,
        kind(
            given["kernel_size"],
            given["stride"] or None,
            given["padding"],
            given["dilation"],
            ceil_mode=given["ceil_mode"],
        ),
    )


@builds("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(call: Call) -> Layer:
    given = call.given
    settings = {"ceil_mode": given["ceil_mode"], "count_include_pad": given["count_include_pad"]}
    if _dimensions(call) > 1:
        settings["divisor_override"] = given["divisor_override"]
    kind: Any = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)[_dimensions(call) - 1]
    return _pool(call, kind(given["kernel_size"], given["stride"] or None, given["padding"], **settings))


@builds("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d")
def _adaptive_avg_pool(call: Call) -> Layer | None:
    kind: Any = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)[_dimensions(call) - 1]
    return _adaptive(call, kind)


@builds("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def _adaptive_max_pool(call: Call) -> Layer | None:
    kind: Any = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)[_dimensions(call) - 1]
    return _adaptive(call, kind)


def _adaptive(call: Call, kind: Any) -> Layer | None:
    size = call.given["output_size"]
    return None if any(isinstance(side, fx.Node) for side in size) else _pool(call, kind(tuple(size)))


def _pool(call: Call, module: nn.Module) -> Layer:
    return Layer(call.given["self"], (module,), {})


def _dimensions(call: Call) -> int:
    return next(n for n in (1, 2, 3) if f"{n}d" in str(call.node.target))


def _sized(value: Any, dimensions: int) -> Any:
    """ATen writes one number for all dimensions, or one each."""
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,)
    return sizes * dimensions if len(sizes) == 1 else sizes


def _padding(value: Any, dimensions: int) -> Any:
    return value if isinstance(value, str) else _sized(value, dimensions)
