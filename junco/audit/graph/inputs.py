"""Finding the input that a program takes: channels from its first layer, sizes by trying."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from junco.audit.graph.channels import require_channels_first, require_no_turn
from junco.audit.graph.lift import last_line
from junco.audit.graph.memory import starved
from junco.audit.graph.original import Original
from junco.audit.graph.probing import steady
from junco.audit.graph.torchscript import FirstLayer
from junco.contract.errors import InputShapeMismatch, JuncoError, ModelNotJudgeable, ModelOutputShape

Shape = tuple[int, int, int]

SIZES = (224, 299, 256, 192, 160, 128, 96, 64, 48, 32, 28, 24, 12, 384, 448, 512, 112, 16, 8)
"""Image sides in the order in which they are tried: the commonest first."""

# Larger fixed batches are rare, and dear to try: only where the caller knows the image's shape.
_BATCHES = (2, 1)
_MORE_BATCHES = (*_BATCHES, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Fitted:
    """A program with an input that it takes: ``x`` [n, C, H, W] and ``answer`` [n, classes].

    ``original.batch`` is None where any number of images goes; ``steady`` says that it answers ``x`` the same twice.
    """

    original: Original
    x: Tensor
    answer: Tensor
    steady: bool


def fitted(original: Original, first: FirstLayer, shape: Shape | None) -> Fitted:
    """``original`` with a shape that it takes.

    Raises ``InputShapeMismatch`` if ``shape`` is refused or channels come last, ``ModelOutputShape`` if the program
    runs but answers something else than class scores, ``ModelNotJudgeable`` if it answers no finite numbers.
    """
    if shape is None:
        return _found(original, first)
    refusals: list[JuncoError] = []
    result = _try(original, shape, refusals, batches=_MORE_BATCHES)
    if result is not None:
        require_no_turn(shape, first.channels)
        return result
    if refusals:
        raise refusals[0]
    raise _mismatch(original, first, shape)


def candidates(first: FirstLayer) -> Iterator[Shape]:
    """Input shapes worth trying, best first."""
    if first.features is not None:
        yield from _square(first.features)
    for channels in [first.channels] if first.channels else [3, 1]:
        for size in SIZES:
            yield channels, size, size


def _square(features: int) -> Iterator[Shape]:
    """Square images of one or three channels with ``features`` values."""
    for channels in (1, 3):
        side = round((features / channels) ** 0.5)
        if channels * side * side == features:
            yield channels, side, side


def _found(original: Original, first: FirstLayer) -> Fitted:
    refusals: list[JuncoError] = []
    for shape in candidates(first):
        result = _try(original, shape, refusals)
        if result is not None:
            return result
    if refusals:
        raise refusals[0]
    require_channels_first(partial(_takes, original), candidates(first))
    raise InputShapeMismatch(
        "no input shape was found that the model takes",
        expected="an input [n, channels, height, width]",
        found=f"every square size of {sorted(SIZES)} refused, {first.channels or '1 and 3'} channels"
        f"{_complaint(original, next(candidates(first)))}",
        remedy="name the input shape",
    )


def _mismatch(original: Original, first: FirstLayer, shape: Shape) -> InputShapeMismatch:
    other = next((s for s in candidates(first) if _takes(original, s)), None)
    if other is None:
        require_channels_first(partial(_takes, original), (shape, *candidates(first)))
    return InputShapeMismatch(
        f"the model refuses inputs of shape {list(shape)}",
        expected=f"{list(other)}" if other else "another shape than that",
        found=f"{list(shape)}" if other else f"{list(shape)}{_complaint(original, shape)}",
        remedy="name the shape (channels, height, width) that the model was exported for",
    )


def _complaint(original: Original, shape: Shape) -> str:
    """What torch says to images of ``shape``, to be put behind what was found."""
    try:
        with torch.no_grad():
            original.raw(example(1, shape, original.dtype))
    except Exception as error:
        return f": {last_line(error)}"
    return ""


def _try(
    original: Original, shape: Shape, refusals: list[JuncoError], *, batches: tuple[int, ...] = _BATCHES
) -> Fitted | None:
    """The program fitted to ``shape``, or None; why it was refused although it ran goes to ``refusals``."""
    for batch in batches:
        x = example(batch, shape, original.dtype)
        try:
            answer = _answer(original, x)
        except (ModelOutputShape, ModelNotJudgeable) as refusal:
            refusals.append(refusal)
            return None
        if answer is not None:
            only = _only_batch(original, batch, shape)
            return Fitted(replace(original, batch=only), x, answer, steady=steady(original.run, x))
    return None


def _takes(original: Original, shape: Shape) -> bool:
    return _try(original, shape, []) is not None


def _answer(original: Original, x: Tensor) -> Tensor | None:
    """The class scores of ``x``; None if the program refuses it. Raises if it answers something else."""
    try:
        with torch.no_grad():
            raw = original.raw(x)
    except Exception as error:
        if starved(error):
            raise MemoryError(str(error)) from error
        return None  # a TorchScript program says no in any of several exceptions: all of them mean no
    answer = original.choose(raw)
    if len(answer) != len(x):
        raise ModelOutputShape(
            "the model does not answer one row an image",
            expected=f"{len(x)} rows for {len(x)} images",
            found=f"{list(answer.shape)}",
            remedy="upload a model that answers class scores, one row an image",
        )
    if not bool(torch.isfinite(answer).all()):
        raise ModelNotJudgeable(
            "the model answers infinite or undefined scores for ordinary random images",
            expected="finite scores",
            found="inf or nan",
            remedy="check the weights of the file",
        )
    return answer


def _only_batch(original: Original, batch: int, shape: Shape) -> int | None:
    """None if the program takes other batch sizes too, or else ``batch``."""
    for other in (1, 3):
        try:
            if other != batch and _answer(original, example(other, shape, original.dtype)) is None:
                return batch
        except JuncoError:
            return batch
    return None


def example(batch: int, shape: Shape, dtype: torch.dtype) -> Tensor:
    """Noise of the spread of normalised images."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, *shape, generator=generator).to(dtype)
