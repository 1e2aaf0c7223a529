"""Image files -> model input and the pixels to show. Files are untrusted: formats, pixels and frames are bounded."""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from junco.audit.batch import Box
from junco.contract.errors import ImageTooLarge, ImageTooSmall, ImageUnreadable, InputShapeMismatch
from junco.contract.images import MAX_PIXELS, MIN_SIDE, ImageFile, Preprocessing
from junco.contract.labels import MAX_LABEL

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}


@dataclass(frozen=True)
class Pictures:
    """Decoded images: ``x`` [n, C, H, W] float64 model input, ``shown`` [n, H, W, 3] uint8 of the same crop."""

    x: Tensor
    shown: NDArray[np.uint8]
    labels: tuple[int | None, ...]
    names: tuple[str, ...]

    def box(self, recipe: Preprocessing) -> Box:
        """The data's valid range per channel, and its mean over these images."""
        mean, std = _vector(recipe.mean, self.x.shape[1]), _vector(recipe.std, self.x.shape[1])
        peak = 255.0 * recipe.scale
        return Box(low=(0 - mean) / std, high=(peak - mean) / std, mean=self.x.mean(dim=(0, 2, 3)))


def load(files: Sequence[tuple[ImageFile, bytes]], recipe: Preprocessing, *, selected: Sequence[int]) -> Pictures:
    """Decode and preprocess the images at places ``selected`` of the set, in that order.

    Raises ``ImageUnreadable``, ``ImageTooSmall``, ``ImageTooLarge``, ``InputShapeMismatch``.
    """
    wanted = {place: order for order, place in enumerate(selected)}
    found: dict[int, tuple[NDArray[np.float64], int | None, str]] = {}
    for place, (pixels, label, name) in enumerate(_all(files, recipe, set(wanted))):
        if pixels is not None and place in wanted:  # an archive yields all its images or none
            found[wanted[place]] = (pixels, label, name)
    rows = [found[i] for i in range(len(wanted))]
    stack = torch.from_numpy(np.stack([pixels for pixels, _, _ in rows]))  # [n, H, W, C], 0..255
    return Pictures(
        x=_normalised(stack.permute(0, 3, 1, 2).contiguous(), recipe),
        shown=_shown(stack.numpy(), recipe),
        labels=tuple(label for _, label, _ in rows),
        names=tuple(name for _, _, name in rows),
    )


def _all(
    files: Sequence[tuple[ImageFile, bytes]], recipe: Preprocessing, wanted: set[int]
) -> Iterator[tuple[NDArray[np.float64] | None, int | None, str]]:
    place = 0
    for file, data in files:
        inside = range(place, place + file.count)
        place += file.count
        if wanted.isdisjoint(inside):
            yield from ((None, None, file.name) for _ in inside)
        elif file.media_type == "application/x-npz":
            yield from _from_npz(file, data, recipe)
        else:
            yield _fitted(_decoded(file, data), recipe), file.label, file.name


def _decoded(file: ImageFile, data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=[_FORMATS[file.media_type]])
            check_size(file.name, *image.size)
            return ImageOps.exif_transpose(image).convert("RGB")
    except (ImageTooLarge, ImageTooSmall):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"{file.name} has too many pixels.", expected=f"at most {MAX_PIXELS} pixels") from error
    except Exception as error:  # Pillow's decoders raise of every kind on damaged files
        raise ImageUnreadable(
            f"{file.name} cannot be decoded.",
            expected=f"a whole {file.media_type} file",
            found=f"{type(error).__name__}: {error}",
            remedy="Open it in an image viewer and save it again.",
        ) from error


def check_size(name: str, width: int, height: int) -> None:
    """Raises ``ImageTooSmall`` or ``ImageTooLarge`` for images that Junco does not take."""
    found = f"{width} x {height}"
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"{name} is {found} pixels.", expected=f"at least {MIN_SIDE} a side", found=found)
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{name} is {found} pixels.", expected=f"at most {MAX_PIXELS} pixels", found=found)


def _fitted(image: Image.Image, recipe: Preprocessing) -> NDArray[np.float64]:
    """Resized, cropped and channel-ordered pixels [H, W, C], 0..255."""
    target, method = (recipe.width, recipe.height), _FILTERS[recipe.interpolation]
    if recipe.resize is None:
        image = image.resize(target, method)
    else:
        scale = recipe.resize / min(image.size)
        image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), method)
        left, top = (image.width - recipe.width) // 2, (image.height - recipe.height) // 2
        image = image.crop((left, top, left + recipe.width, top + recipe.height))
    if recipe.channels == "L":
        return np.asarray(image.convert("L"), dtype=np.float64)[:, :, None]
    pixels = np.asarray(image, dtype=np.float64)
    return pixels[:, :, ::-1].copy() if recipe.channels == "BGR" else pixels


def _from_npz(
    file: ImageFile, data: bytes, recipe: Preprocessing
) -> Iterator[tuple[NDArray[np.float64], int | None, str]]:
    images, labels = _arrays(file, data)
    if images.ndim == 3:
        images = images[..., None]
    channels = recipe.shape[0]
    if images.shape[-1] != channels and images.shape[1] == channels:
        images = np.moveaxis(images, 1, -1)
    if images.shape[1:] != (recipe.height, recipe.width, channels):
        raise InputShapeMismatch(
            f"{file.name} holds images of shape {images.shape[1:]}, the model takes {recipe.shape}.",
            expected=f"[n, {recipe.height}, {recipe.width}, {channels}]",
            found=str(list(images.shape)),
            remedy="Arrays are not resized; save them in the model's own size.",
        )
    whole = images.dtype.kind in "ui"  # whole numbers are pixels 0..255; others are already scaled as the model's are
    pixels = images.astype(np.float64) * (1.0 if whole else 1.0 / recipe.scale)
    for i, row in enumerate(pixels):
        yield row, None if labels is None else int(labels[i]), f"{file.name}[{i}]"


def _arrays(file: ImageFile, data: bytes) -> tuple[NDArray[Any], NDArray[Any] | None]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            images = archive["images" if "images" in archive else "x"]
            name = next((key for key in ("labels", "y") if key in archive), None)
            labels = None if name is None else archive[name]
    except Exception as error:  # a damaged archive fails in many ways
        raise ImageUnreadable(
            f"{file.name} is not an archive of images.",
            expected="an .npz with 'images' [n, H, W] or [n, H, W, C], and 'labels' [n] if known",
            found=f"{type(error).__name__}: {error}",
        ) from error
    if not _usable(images, file.count):
        raise ImageUnreadable(
            f"{file.name} holds no usable images.",
            expected=f"{file.count} images [n, H, W] or [n, H, W, C]: whole numbers 0..255, or finite fractions",
            found=f"{images.dtype} {list(images.shape)}",
        )
    if labels is not None and not _classes(labels, len(images)):
        raise ImageUnreadable(
            f"{file.name} holds labels that are no class numbers.",
            expected=f"{len(images)} whole numbers from 0 to {MAX_LABEL}, one an image",
            found=f"{labels.dtype} {list(labels.shape)}",
            remedy="Leave 'labels' out if they are not known.",
        )
    return images, labels


def _usable(images: NDArray[Any], count: int) -> bool:
    if images.ndim not in (3, 4) or len(images) != count or images.dtype.kind not in "uif":
        return False
    if images.dtype.kind in "ui":
        return bool(images.min(initial=0) >= 0 and images.max(initial=0) <= 255)
    return bool(np.isfinite(images).all())


def _classes(labels: NDArray[Any], count: int) -> bool:
    whole = labels.shape == (count,) and labels.dtype.kind in "uib"
    return whole and bool(((labels >= 0) & (labels <= MAX_LABEL)).all())


def _normalised(pixels: Tensor, recipe: Preprocessing) -> Tensor:
    count = pixels.shape[1]
    mean, std = _vector(recipe.mean, count)[:, None, None], _vector(recipe.std, count)[:, None, None]
    return (pixels * recipe.scale - mean) / std


def _vector(values: Sequence[float], count: int) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).expand(count).clone()


def _shown(pixels: NDArray[np.float64], recipe: Preprocessing) -> NDArray[np.uint8]:
    shown = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if recipe.channels == "BGR":  # pictures are for people: red stays red
        shown = shown[..., ::-1].copy()
    return np.repeat(shown, 3, axis=3) if shown.shape[3] == 1 else shown
