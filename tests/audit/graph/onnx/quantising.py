"""Networks quantised by onnxruntime's own tools."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import Tensor


class _Batches(CalibrationDataReader):
    """What the ranges of activations are taken from."""

    def __init__(self, batches: Sequence[Tensor]) -> None:
        self._left = iter([{"image": batch.numpy()} for batch in batches])

    def get_next(self) -> dict[str, object] | None:
        return next(self._left, None)


def static(data: bytes, batches: Sequence[Tensor], form: QuantFormat = QuantFormat.QDQ) -> bytes:
    """Weights of eight bits, one scale a channel; activations of eight bits, unsigned."""
    with _quiet() as path:
        quantize_static(
            onnx.load_from_string(data), path, _Batches(batches), quant_format=form, per_channel=True,
            weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
        )  # fmt: skip
        return Path(path).read_bytes()


def dynamic(data: bytes) -> bytes:
    """Weights of eight bits; activations quantised as they come."""
    with _quiet() as path:
        quantize_dynamic(onnx.load_from_string(data), path)
        return Path(path).read_bytes()


@contextmanager
def _quiet() -> Iterator[str]:
    """A place for the result; the tool advises preprocessing on every call."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with TemporaryDirectory() as folder:
            yield f"{folder}/quantised.onnx"
    finally:
        logging.disable(before)
