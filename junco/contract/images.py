"""Image sets, and the preprocessing that turns pixels into model input."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from junco.contract.base import Digest, Frozen, digest_of

MIN_SIDE = 8
"""Fewest pixels a side; below, a map carries no information."""
MAX_PIXELS = 25_000_000
"""Most pixels that Junco decodes."""


class ImageFile(Frozen):
    """One uploaded file: an image, or an .npz holding ``count`` of them."""

    name: str = Field(max_length=255)
    blob: Digest
    media_type: Literal["image/png", "image/jpeg", "image/webp", "application/x-npz"]
    count: int = Field(default=1, ge=1)
    width: int | None = None
    height: int | None = None
    label: int | None = Field(default=None, ge=0)


class ImageSet(Frozen):
    """Files in upload order; the id is the digest of that list."""

    id: Digest
    files: tuple[ImageFile, ...]

    @classmethod
    def of(cls, files: tuple[ImageFile, ...]) -> Self:
        """The set that these files make."""
        listing = "\n".join(file.model_dump_json() for file in files)
        return cls(id=digest_of(listing.encode()), files=files)

    @property
    def count(self) -> int:
        """Images in the set, counting those inside .npz files."""
        return sum(file.count for file in self.files)


class PresetName(StrEnum):
    """Named preprocessings."""

    IMAGENET = "imagenet"
    IMAGENET_INCEPTION = "imagenet_inception"
    IMAGENET_LITE = "imagenet_lite"
    IMAGENET_CAFFE = "imagenet_caffe"
    CLIP = "clip"
    SIGNED = "signed"
    UNIT = "unit"
    NONE = "none"


_LEAST = 1e-6
Level = Annotated[float, Field(ge=-1 / _LEAST, le=1 / _LEAST, allow_inf_nan=False)]
"""What pixels are measured by. Beyond these bounds, and under a smaller spread, float32 keeps no digits of theirs."""


class Preprocessing(Frozen):
    """Pixels 0..255 to model input: resize, crop, ``(pixel * scale - mean) / std``, channel order.

    ``resize`` is the short side in pixels before the centre crop; None resizes straight to the target size.
    ``mean`` and ``std`` have one value, or one per channel.
    """

    preset: PresetName | None = None
    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    channels: Literal["RGB", "BGR", "L"] = "RGB"
    resize: int | None = Field(default=None, ge=1, le=8192)
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
    scale: float = Field(default=1 / 255, gt=0)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        count = 1 if self.channels == "L" else 3
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, count):
                raise ValueError(
                    f"{name} has {len(values)} values; {self.channels} needs {'1' if count == 1 else '1 or 3'}"
                )
        if any(value < _LEAST for value in self.std):
            raise ValueError(f"std must be positive, and at least {_LEAST:g}")
        if self.resize is not None and self.resize < max(self.height, self.width):
            raise ValueError(f"resize {self.resize} is smaller than the crop {self.height}x{self.width}")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return (1 if self.channels == "L" else 3), self.height, self.width


class PreprocessingRequest(Frozen):
    """A preset, and fields that override it; what is absent comes from the model's input.

    ``mean`` and ``std`` go by the order of ``channels``. ``crop`` without ``resize`` chooses how an image is
    fitted: true resizes its short side to the model's size, at least, and cuts the centre; false squeezes all of it in.
    """

    preset: PresetName | None = None
    height: int | None = Field(default=None, ge=1, le=4096)
    width: int | None = Field(default=None, ge=1, le=4096)
    channels: Literal["RGB", "BGR", "L"] | None = None
    resize: int | None = Field(default=None, ge=1, le=8192)
    crop: bool | None = None
    interpolation: Literal["bilinear", "bicubic", "nearest"] | None = None
    scale: float | None = Field(default=None, gt=0, le=1 / _LEAST)
    mean: tuple[Level, ...] | None = None
    std: tuple[Level, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.crop is False and self.resize is not None:
            raise ValueError(f"resize {self.resize} is the short side before a crop, and crop is false")
        return self


@dataclass(frozen=True)
class _Preset:
    """A recipe for any size; ``mean`` and ``std`` go by red, green, blue, ``ratio`` is the short side over the crop."""

    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    interpolation: str = "bilinear"
    ratio: float | None = None
    channels: str = "RGB"


# imagenet_lite is EfficientNet-Lite's recipe, imagenet_caffe that of Caffe's networks and of Keras' VGG and ResNet.
_PRESETS: dict[PresetName, _Preset] = {
    PresetName.IMAGENET: _Preset(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), ratio=256 / 224),
    PresetName.IMAGENET_INCEPTION: _Preset(mean=(0.5,), std=(0.5,), ratio=1 / 0.875),
    PresetName.IMAGENET_LITE: _Preset(1.0, (127.0,), (128.0,), "bicubic", 256 / 224),
    PresetName.IMAGENET_CAFFE: _Preset(1.0, (123.68, 116.779, 103.939), ratio=256 / 224, channels="BGR"),
    PresetName.CLIP: _Preset(
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
        interpolation="bicubic",
        ratio=1.0,
    ),
    PresetName.SIGNED: _Preset(mean=(0.5,), std=(0.5,)),
    PresetName.UNIT: _Preset(),
    PresetName.NONE: _Preset(scale=1.0),
}


def preprocessing(request: PreprocessingRequest, input_shape: tuple[int, int, int]) -> Preprocessing:
    """The full recipe for a model that takes ``input_shape`` (channels, height, width)."""
    count, height, width = input_shape
    name = request.preset or _default_preset(count, height)
    preset = _PRESETS[name]
    channels = request.channels or ("L" if count == 1 else preset.channels)
    fields: dict[str, object] = {
        "height": height,
        "width": width,
        "channels": channels,
        "interpolation": preset.interpolation,
        "scale": preset.scale,
        "mean": _ordered(preset.mean, channels),
        "std": _ordered(preset.std, channels),
    }
    fields |= request.model_dump(exclude_none=True, exclude={"preset", "crop"})
    ratio = preset.ratio if request.crop is None else (preset.ratio or 1.0 if request.crop else None)
    if ratio is not None and request.resize is None:
        fields["resize"] = round(max(int(str(fields["height"])), int(str(fields["width"]))) * ratio)
    return Preprocessing.model_validate({"preset": name, **fields})


def _ordered(values: tuple[float, ...], channels: str) -> tuple[float, ...]:
    """A preset's values, which go by red, green, blue, as the model's channels go."""
    return values[::-1] if channels == "BGR" else values


def _default_preset(channels: int, height: int) -> PresetName:
    if channels == 3 and height >= 128:
        return PresetName.IMAGENET_INCEPTION if height == 299 else PresetName.IMAGENET
    return PresetName.UNIT
