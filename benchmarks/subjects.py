"""What is measured: networks as eager modules and as TorchScript files, and real photos."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import torch
from torch import nn

from benchmarks import resnet18
from examples import efficientnet_lite0
from examples.demo import imagenet_photos
from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.prepare import Files
from junco.client.images import gathered, image_set
from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Method
from junco.contract.images import ImageSet, PreprocessingRequest, PresetName
from junco.contract.plan import Plan
from junco.contract.profile import ProfileName
from junco.contract.request import MethodRequest, PlanRequest
from junco.contract.resolve import resolve

METHODS = (Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM)


@dataclass(frozen=True)
class Subject:
    """A network, the same network as a file, and the preset that its images take."""

    eager: nn.Module
    data: bytes
    preset: PresetName


def _lite0() -> Subject:
    return Subject(efficientnet_lite0.build(), efficientnet_lite0.torchscript("traced"), PresetName.IMAGENET_LITE)


def _resnet18() -> Subject:
    model = resnet18.build()
    buffer = BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        example = torch.zeros(1, *resnet18.INPUT_SHAPE)
        torch.jit.save(torch.jit.trace(model, example, check_trace=False), buffer)  # type: ignore[no-untyped-call]
    return Subject(model, buffer.getvalue(), PresetName.IMAGENET)


SUBJECTS: Mapping[str, Callable[[], Subject]] = {"efficientnet_lite0": _lite0, "resnet18": _resnet18}
"""Networks by name."""


def request(
    subject: Subject, images: ImageSet, methods: Sequence[Method], checks: Sequence[CheckName], profile: ProfileName
) -> PlanRequest:
    """``methods`` under ``checks``, with the subject's own preprocessing."""
    return PlanRequest(
        model=digest_of(subject.data),
        images=images.id,
        methods=tuple(MethodRequest(method=method) for method in methods),
        checks=tuple(checks),
        profile=profile,
        preprocessing=PreprocessingRequest(preset=subject.preset),
    )


def planned(subject: Subject, *, photos: int) -> tuple[Plan, Files]:
    """A quick plan with every method of ``METHODS`` and the controls, on the demo's photos."""
    report = inspect(subject.data, input_shape=(3, 224, 224))
    with gathered(imagenet_photos()[:photos]) as pictures:
        images = image_set(pictures)
        files = [(file, picture.path.read_bytes()) for file, picture in zip(images.files, pictures, strict=True)]
    asked = request(subject, images, METHODS, (CheckName.PARAMETER_RANDOMIZATION,), ProfileName.QUICK)
    return resolve(asked, report, images), files
