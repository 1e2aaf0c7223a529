"""Inspections and image sets as inputs of a plan."""

from typing import Any

from junco.contract.base import digest_of
from junco.contract.images import ImageFile, ImageSet
from junco.contract.model import Availability, CoverageReport, LayerReport, ModelReport, TensorSpec
from junco.contract.request import PlanRequest

MODEL, IMAGES = digest_of(b"model"), digest_of(b"images")


def report(layers: int = 6, **fields: Any) -> ModelReport:
    """A model of ``layers`` layers, conv0 at the input, that takes [3, 32, 32]."""
    names = [f"conv{i}" for i in range(layers)]
    given: dict[str, Any] = {
        "id": MODEL, "format": "torchscript", "producer": "test", "size": 1, "parameters": 10 * layers, "classes": 10,
        "inputs": (TensorSpec(name="input", shape=(None, 3, 32, 32)),),
        "outputs": (TensorSpec(name="logits", shape=(None, 10)),),
        "layers": tuple(LayerReport(name=name, kind="Conv2d", parameters=10, shape=(1, 10)) for name in names),
        "parity": (), "coverage": CoverageReport(fraction=1.0), "activations": {"ReLU": layers}, "methods": {},
        "spatial": tuple(names), "cam_layer": names[-1],
    }  # fmt: skip
    return ModelReport(**(given | fields))


def image_set(*counts: int) -> ImageSet:
    """Archives of so many images."""
    files = [
        ImageFile(name=f"{i}.npz", blob=digest_of(bytes([i])), media_type="application/x-npz", count=count)
        for i, count in enumerate(counts)
    ]
    return ImageSet.of(tuple(files))


def request(**fields: Any) -> PlanRequest:
    """A request for this model."""
    return PlanRequest.model_validate({"model": MODEL, "images": IMAGES, **fields})


def unavailable(reason: str) -> Availability:
    """A method that this model cannot have."""
    return Availability(available=False, reason=reason)
