"""Files to model input: against Pillow and numpy by hand, and every refusal by its name."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from junco.audit.images import Pictures, load
from junco.contract.base import digest_of
from junco.contract.errors import ImageTooLarge, ImageTooSmall, ImageUnreadable, InputShapeMismatch, JuncoError
from junco.contract.images import ImageFile, Preprocessing, PreprocessingRequest, PresetName, preprocessing

Pixels = NDArray[np.uint8]
Given = tuple[ImageFile, bytes]


def photo(width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    """A smooth random picture, so that resizing has something to get wrong."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def file(data: bytes, kind: Any = "image/png", *, name: str = "a.png", **fields: Any) -> Given:
    """What the service keeps of an upload."""
    return ImageFile(name=name, blob=digest_of(data), media_type=kind, **fields), data


def npz(**arrays: Any) -> bytes:
    """An archive."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def archive(count: int, **arrays: Any) -> Given:
    """An archive as an upload."""
    return file(npz(**arrays), "application/x-npz", name="set.npz", count=count)


def recipe(shape: tuple[int, int, int] = (3, 16, 16), **fields: Any) -> Preprocessing:
    """A full recipe."""
    return preprocessing(PreprocessingRequest.model_validate(fields), shape)


def loaded(*given: Given, how: Preprocessing, selected: Sequence[int] | None = None) -> Pictures:
    """All images, in order."""
    places = range(sum(f.count for f, _ in given)) if selected is None else selected
    return load(given, how, selected=list(places))


FILTERS = {name: Image.Resampling[name.upper()] for name in ("bilinear", "bicubic", "nearest")}


@pytest.mark.parametrize("interpolation", list(FILTERS))
def test_the_short_side_is_resized_and_the_centre_cropped(interpolation: str) -> None:
    """By hand: 40 x 30 to 27 x 20, then the central 16 x 16; (pixel / 255 - mean) / std per channel, float64."""
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    how = recipe(resize=20, interpolation=interpolation, mean=mean, std=std)
    small = photo().resize((27, 20), FILTERS[interpolation]).crop((5, 2, 21, 18))
    expected = (np.asarray(small, dtype=np.float64) / 255 - mean) / std
    found = loaded(file(encoded(photo())), how=how)
    np.testing.assert_allclose(found.x[0].permute(1, 2, 0).numpy(), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.shown[0], np.asarray(small))
    assert found.x.dtype == torch.float64


def test_without_a_short_side_the_whole_image_is_resized() -> None:
    """Straight to the target, aspect ratio or not."""
    found = loaded(file(encoded(photo(40, 30))), how=recipe((3, 16, 24)))
    np.testing.assert_array_equal(found.shown[0], np.asarray(photo(40, 30).resize((24, 16), FILTERS["bilinear"])))


def test_the_imagenet_presets_are_those_of_their_papers() -> None:
    """Numbers: 224 from 256 with ImageNet's mean and deviation; 299 from 342 in [-1, 1]; Lite (x - 127) / 128."""
    imagenet = recipe((3, 224, 224), preset=PresetName.IMAGENET)
    assert (imagenet.resize, imagenet.mean, imagenet.std) == (256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    inception = recipe((3, 299, 299))
    assert (inception.preset, inception.resize) == (PresetName.IMAGENET_INCEPTION, 342)
    white = np.full((1, 8, 8, 3), 255, dtype=np.uint8)
    lite = loaded(archive(1, images=white), how=recipe((3, 8, 8), preset=PresetName.IMAGENET_LITE))
    assert lite.x.unique().tolist() == [1.0]
    inside = loaded(archive(1, images=white), how=recipe((3, 8, 8), preset=PresetName.IMAGENET_INCEPTION))
    assert inside.x.unique().tolist() == [1.0]


def _keras_caffe(rgb: NDArray[Any]) -> NDArray[Any]:
    """Blue, green, red minus ImageNet's means, as Keras' documentation gives it."""
    return rgb[..., ::-1] - np.array([103.939, 116.779, 123.68])


def _clip(rgb: NDArray[Any]) -> NDArray[Any]:
    """Radford et al. 2021, as in the released code."""
    means, spreads = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    return np.stack([(rgb[..., i] / 255 - means[i]) / spreads[i] for i in range(3)], -1)


_BY_HAND = {
    PresetName.IMAGENET_CAFFE: _keras_caffe,
    PresetName.CLIP: _clip,
    PresetName.SIGNED: lambda rgb: rgb / 127.5 - 1,
    PresetName.IMAGENET_LITE: lambda rgb: (rgb - 127) / 128,
    PresetName.UNIT: lambda rgb: rgb / 255,
    PresetName.NONE: lambda rgb: rgb,
}


@pytest.mark.parametrize("preset", list(_BY_HAND))
def test_presets_agree_with_their_sources_arithmetic(preset: PresetName) -> None:
    """Pixels of an image that is already of the right size, through the formulas as their authors write them."""
    found = loaded(file(encoded(photo(16, 16))), how=recipe(preset=preset, crop=False))
    rgb = np.asarray(photo(16, 16), dtype=np.float64)
    np.testing.assert_allclose(found.x[0].permute(1, 2, 0).numpy(), _BY_HAND[preset](rgb), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.shown[0], np.asarray(photo(16, 16)))


def test_a_crop_without_a_preset_cuts_the_centre_at_the_models_size() -> None:
    """A ramp of 64 x 32 becomes 32 x 16, of which the middle stays: every second column from 17 on."""
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, :, None], (32, 1, 3))
    found = loaded(file(encoded(Image.fromarray(ramp))), how=recipe((3, 16, 16), crop=True, interpolation="nearest"))
    assert found.shown[0, 0, :, 0].tolist() == list(range(17, 49, 2))


def test_one_channel_is_luminance_and_shown_as_grey() -> None:
    """ITU-R 601 weights, as Pillow's; the picture to show repeats it."""
    found = loaded(file(encoded(photo(16, 16))), how=recipe((1, 16, 16)))
    grey = np.asarray(photo(16, 16).convert("L"))
    np.testing.assert_allclose(found.x[0, 0].numpy(), grey / 255, atol=1e-15)
    np.testing.assert_array_equal(found.shown[0], np.repeat(grey[..., None], 3, axis=2))


def test_blue_first_reaches_the_model_and_not_the_reader() -> None:
    """Channels are reversed in x with their own mean; the photo in the report keeps its colours."""
    how = recipe(channels="BGR", mean=(0.1, 0.2, 0.3))
    rgb = np.asarray(photo(16, 16), dtype=np.float64) / 255
    found = loaded(file(encoded(photo(16, 16))), how=how)
    np.testing.assert_allclose(found.x[0].permute(1, 2, 0).numpy(), rgb[..., ::-1] - (0.1, 0.2, 0.3), atol=1e-12)
    np.testing.assert_array_equal(found.shown[0], np.asarray(photo(16, 16)))


_LOSSLESS: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}


@pytest.mark.parametrize(("kind", "media"), [("PNG", "image/png"), ("WEBP", "image/webp"), ("JPEG", "image/jpeg")])
def test_every_format_is_decoded(kind: str, media: str) -> None:
    """Lossless ones exactly, JPEG to a few grey levels."""
    data = encoded(photo(16, 16), kind, **_LOSSLESS.get(kind, {}))
    shown = loaded(file(data, media), how=recipe()).shown[0].astype(int)
    difference = np.abs(shown - np.asarray(photo(16, 16)).astype(int)).max()
    assert difference <= (12 if kind == "JPEG" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_sideways_is_put_upright(orientation: int) -> None:
    """EXIF orientation, all eight of them, against the transposition by hand."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = photo(24, 16) if orientation == 1 else photo(24, 16).transpose(turns[orientation])
    found = loaded(file(encoded(photo(24, 16), exif=exif)), how=recipe((3, upright.height, upright.width)))
    np.testing.assert_array_equal(found.shown[0], np.asarray(upright))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK"])
def test_other_modes_become_three_channels(mode: str) -> None:
    """Grey, palette and transparent files as Pillow converts them."""
    image = photo(16, 16).convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    media = "image/jpeg" if mode == "CMYK" else "image/png"
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(loaded(file(data, media), how=recipe()).shown[0], expected)


def test_order_names_and_labels_follow_the_selection() -> None:
    """Places count through archives; what is not selected is not decoded."""
    pixels = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((3, 16, 16), dtype=np.uint8)
    files = [
        file(encoded(Image.new("L", (16, 16), 50)), name="first.png", label=7),
        archive(3, x=pixels, y=np.array([4, 5, 6])),
        file(b"never looked at", name="broken.png"),
        file(encoded(Image.new("L", (16, 16), 90)), name="last.png"),
    ]
    found = loaded(*files, how=recipe((1, 16, 16)), selected=[5, 2, 0, 1])
    assert (found.x[:, 0, 0, 0] * 255).round().tolist() == [90, 1, 50, 0]
    assert found.names == ("last.png", "set.npz[1]", "first.png", "set.npz[0]")
    assert found.labels == (None, 5, 7, 4)


COLOUR = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]


@pytest.mark.parametrize(
    "images",
    [GREY, GREY[..., None], GREY[:, None], GREY.astype(np.int64), GREY / 255, (GREY / 255).astype(np.float64)],
    ids=["n,h,w", "n,h,w,1", "n,1,h,w", "int64", "fractions", "float64"],
)
def test_grey_archives_come_in_any_layout(images: NDArray[Any]) -> None:
    """Channels last, first or absent; whole numbers are pixels, fractions are in the model's own scale."""
    found = loaded(archive(4, images=images), how=recipe((1, 16, 16)))
    np.testing.assert_allclose(found.x[:, 0].numpy(), GREY / 255, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.shown[..., 1], GREY)


@pytest.mark.parametrize("images", [COLOUR, COLOUR.transpose(0, 3, 1, 2)], ids=["n,h,w,3", "n,3,h,w"])
def test_colour_archives_come_in_either_layout(images: Pixels) -> None:
    """The channel axis is found by its size."""
    found = loaded(archive(4, x=images), how=recipe((3, 16, 16), mean=(0.5,), std=(0.25,)))
    expected = (COLOUR.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.25
    np.testing.assert_allclose(found.x.numpy(), expected, atol=1e-12)


def test_the_box_is_where_black_and_white_go() -> None:
    """0 and 255 through the recipe, per channel, and the mean of these images."""
    how = recipe((3, 16, 16), mean=(0.1, 0.2, 0.3), std=(0.5, 1.0, 2.0))
    found = loaded(archive(4, x=COLOUR), how=how)
    box = found.box(how)
    assert box.low.tolist() == pytest.approx([-0.2, -0.2, -0.15])
    assert box.high.tolist() == pytest.approx([1.8, 0.8, 0.35])
    expected = (COLOUR.mean((0, 1, 2)) / 255 - [0.1, 0.2, 0.3]) / [0.5, 1.0, 2.0]
    assert box.mean.tolist() == pytest.approx(expected.tolist())


def huge_png(side: int) -> bytes:
    """A PNG whose header claims ``side`` x ``side`` pixels, and that holds nearly none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def refused(*given: Given, how: Preprocessing | None = None) -> JuncoError:
    """The error that loading raises, which must name the file and say what was expected."""
    with pytest.raises(JuncoError) as caught:
        loaded(*given, how=how or recipe())
    assert given[0][0].name in caught.value.detail
    assert caught.value.expected
    return caught.value


@pytest.mark.parametrize("side", [5_001, 10_000, 30_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    """30 000 x 30 000 pixels in 100 bytes: too large, before a pixel is decoded."""
    assert type(refused(file(huge_png(side)))) is ImageTooLarge


@pytest.mark.parametrize("size", [(1, 1), (7, 40), (40, 7)])
def test_an_image_of_a_few_pixels_is_refused(size: tuple[int, int]) -> None:
    """A map over less than 8 pixels a side carries nothing; found tells the size."""
    error = refused(file(encoded(Image.new("RGB", size))))
    assert type(error) is ImageTooSmall
    assert error.found == f"{size[0]} x {size[1]}"


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (encoded(photo(200, 200), "JPEG")[:900], "image/jpeg"),
        (encoded(photo(200, 200), "PNG")[:-40], "image/png"),
        (b"dear reader, this is a text", "image/png"),
        (b"", "image/jpeg"),
        (encoded(photo(), "PNG"), "image/jpeg"),
        (encoded(photo(), "GIF"), "image/png"),
    ],
    ids=["truncated jpeg", "truncated png", "text", "empty", "png as jpeg", "gif as png"],
)
def test_a_file_that_is_no_whole_image_is_unreadable(data: bytes, media: str) -> None:
    """Damaged, foreign or mislabelled: one named error, whatever Pillow raised."""
    assert type(refused(file(data, media))) is ImageUnreadable


@pytest.mark.parametrize("shape", [(4, 16, 15, 3), (4, 8, 8, 3), (4, 16, 16, 4), (4, 16, 16)])
def test_an_archive_of_another_size_is_a_mismatch(shape: tuple[int, ...]) -> None:
    """Arrays are not resized; the error has both shapes."""
    error = refused(archive(4, images=np.zeros(shape, dtype=np.uint8)), how=recipe((3, 16, 16)))
    assert type(error) is InputShapeMismatch
    assert error.expected == "[n, 16, 16, 3]"
    assert str(shape[1]) in str(error.found)


@pytest.mark.parametrize(
    "arrays",
    [
        {"pictures": GREY},
        {"images": GREY[:3]},
        {"images": GREY[0]},
        {"images": np.float64(3)},
        {"images": np.where(GREY > 250, np.nan, GREY / 255)},
        {"images": np.where(GREY > 250, np.inf, GREY / 255)},
        {"images": GREY.astype(np.int64) * 2},
        {"images": GREY.astype(np.int64) - 1},
        {"images": GREY.astype("U4")},
        {"images": GREY.astype(complex)},
        {"images": np.array([{"a": 1}] * 4, dtype=object)},
        {"images": GREY, "labels": np.arange(3)},
        {"images": GREY, "labels": np.eye(4)},
        {"images": GREY, "labels": np.array(["cat"] * 4)},
        {"images": GREY, "labels": np.array([0.5, 1.0, 2.0, np.nan])},
        {"images": GREY, "labels": np.array([0, 1, 2, -1])},
        {"images": GREY, "labels": np.array([0, 1, 2, 2**31])},
    ],
    ids=[
        "no images", "fewer than declared", "one image", "a number", "nan", "inf", "above 255", "below 0", "text",
        "complex", "pickled", "too few labels", "one-hot", "names", "fractions", "negative", "too large",
    ],
)  # fmt: skip
def test_an_archive_without_usable_arrays_is_unreadable(arrays: dict[str, Any]) -> None:
    """Wrong names, numbers, values or labels: the error tells what an archive must hold."""
    assert type(refused(archive(4, **arrays), how=recipe((1, 16, 16)))) is ImageUnreadable


@pytest.mark.parametrize("data", [b"PK\x03\x04 nothing", b"", npz(images=GREY)[:-200]])
def test_a_damaged_archive_is_unreadable(data: bytes) -> None:
    """Whatever numpy and zipfile raise."""
    given = file(data, "application/x-npz", name="set.npz", count=4)
    assert type(refused(given, how=recipe((1, 16, 16)))) is ImageUnreadable
