"""What inspection publishes of a model."""

from typing import Literal

from pydantic import Field

from junco.contract.base import Digest, Frozen
from junco.contract.cautions import Caution


class TensorSpec(Frozen):
    """An input or output under the file's own name and in the file's own order; ``None`` in the shape is free.

    ``declared`` are the sides as the file spells them, numbers or names, where it says anything of them.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    layout: Literal["NCHW", "NHWC"] | None = None
    declared: tuple[int | str | None, ...] | None = None


class LayerReport(Frozen):
    """One step of the cascade, in execution order."""

    name: str
    kind: str
    parameters: int
    shape: tuple[int, ...]


class ParityReport(Frozen):
    """Canonical output against the original executor's on one probe."""

    probe: str
    max_absolute: float
    max_relative: float
    tolerance: float
    within: bool


class CoverageReport(Frozen):
    """Share of parameters that randomisation reaches, and why the rest is out of reach."""

    fraction: float
    left_out: dict[str, str] = {}


class Availability(Frozen):
    """Whether a method's rule is defined for this model; if not, why."""

    available: bool
    reason: str | None = None


class ModelReport(Frozen):
    """Everything that a job could need to know of a model before it runs.

    ``opset`` and ``ir_version`` are an ONNX file's, ``archive_version`` a TorchScript archive's, which does not tell
    the torch that wrote it. ``executor`` computes the logits: a graph of our own, or the file's program itself.
    ``output`` names which of ``outputs`` is explained. ``warnings`` are the sentences of lifting alone; ``cautions``
    are all of them, and what else is to be known, each with its meaning.
    """

    id: Digest
    format: str
    producer: str
    opset: int | None = None
    ir_version: int | None = None
    archive_version: int | None = None
    executor: str = "graph"
    size: int
    parameters: int
    classes: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    output: str | None = None
    layers: tuple[LayerReport, ...]
    parity: tuple[ParityReport, ...]
    coverage: CoverageReport
    activations: dict[str, int]
    norms: dict[str, int] = {}
    methods: dict[str, Availability]
    spatial: tuple[str, ...] = ()
    cam_layer: str | None = None
    channels: dict[str, int] = Field(default={}, description="Channels of each spatial layer; a token's features.")
    softmax_cut: str | None = None
    warnings: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def image_sides(self) -> tuple[int | None, int | None, int | None]:
        """Channels, height and width of the input, whatever the file's order; None where one is free."""
        first, second, third = self.inputs[0].shape[1:]
        return (third, first, second) if self.inputs[0].layout == "NHWC" else (first, second, third)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width that inspection ran the model with."""
        channels, height, width = self.image_sides
        return channels or 0, height or 0, width or 0
