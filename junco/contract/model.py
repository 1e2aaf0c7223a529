"""What inspection publishes of a model."""

from junco.contract.base import Digest, Frozen


class TensorSpec(Frozen):
    """An input or output; ``None`` in the shape is a free dimension."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"


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
    """Everything that a job could need to know of a model before it runs."""

    id: Digest
    format: str
    producer: str
    size: int
    parameters: int
    classes: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    layers: tuple[LayerReport, ...]
    parity: tuple[ParityReport, ...]
    coverage: CoverageReport
    activations: dict[str, int]
    norms: dict[str, int] = {}
    methods: dict[str, Availability]
    spatial: tuple[str, ...] = ()
    cam_layer: str | None = None
    softmax_cut: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width that inspection ran the model with."""
        channels, height, width = self.inputs[0].shape[1:]
        return channels or 0, height or 0, width or 0
