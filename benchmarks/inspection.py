"""Seconds that inspecting a file takes once everything is imported, and its graph's passes over the eager network's.

A pass is a forward and a gradient with respect to the input, at eight images, graph and eager network in turns.
"""

import argparse
import io
import warnings
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from benchmarks.clock import in_turns, seconds
from examples import efficientnet_lite0
from junco.audit.graph import load
from junco.audit.memory import keep_pages
from junco.audit.pipeline.inspect import inspect

_IMAGES = 8


def onnx_file() -> bytes:
    """EfficientNet-Lite0 as ONNX, weights inside, batch free."""
    buffer, example = io.BytesIO(), torch.zeros(2, *efficientnet_lite0.INPUT_SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            efficientnet_lite0.build(), (example,), buffer, dynamo=False,  # type: ignore[arg-type]  # a buffer will do
            input_names=["image"], output_names=["scores"], dynamic_axes={"image": {0: "n"}},
        )  # fmt: skip
    return buffer.getvalue()


FILES: Mapping[str, Callable[[], bytes]] = {
    "traced": lambda: efficientnet_lite0.torchscript("traced"),
    "scripted": lambda: efficientnet_lite0.torchscript("scripted"),
    "frozen": lambda: efficientnet_lite0.torchscript("frozen"),
    "onnx": onnx_file,
}
"""EfficientNet-Lite0 in every form."""


def passes(module: nn.Module, x: torch.Tensor) -> None:
    """A forward pass and a gradient with respect to the input."""
    leaf = x.detach().requires_grad_()
    torch.autograd.grad(module(leaf).amax(1).sum(), leaf)


def measure(name: str, *, rounds: int) -> None:
    """Inspect one file, run its graph, and print."""
    data = FILES[name]()
    inspect(data)  # imports what is imported late
    taken = in_turns({"inspect": lambda: seconds(lambda: inspect(data))}, rounds=rounds)["inspect"]
    eager = _ready(efficientnet_lite0.build())
    graph = _ready(load(data).module)
    x = torch.randn(_IMAGES, *efficientnet_lite0.INPUT_SHAPE, generator=torch.Generator().manual_seed(0))
    x = x.to(memory_format=torch.channels_last)
    found = in_turns(
        {"graph": lambda: seconds(lambda: passes(graph, x)), "eager": lambda: seconds(lambda: passes(eager, x))},
        rounds=2 * rounds + 1,
    )
    ratio = found["graph"] / found["eager"]
    print(f"  {name:10} {len(data):>11,} bytes  inspect {taken:5.2f} s  graph / eager {ratio:.2f}", flush=True)


def _ready(module: nn.Module) -> nn.Module:
    return module.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # not in the stubs


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every file asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="+", choices=list(FILES), default=list(FILES))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    keep_pages()  # as every runner does
    print(f"EfficientNet-Lite0, torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in options.files:
        measure(name, rounds=options.rounds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
