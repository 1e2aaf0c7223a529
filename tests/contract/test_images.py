"""Image sets and recipes as data; decoding is tested with the audit."""

import pytest
from pydantic import ValidationError

from junco.contract.base import digest_of
from junco.contract.images import ImageFile, ImageSet, Preprocessing, PreprocessingRequest, PresetName, preprocessing
from junco.contract.labels import label_from_name


def photo(name: str, *, label: int | None = None) -> ImageFile:
    """One file."""
    return ImageFile(name=name, blob=digest_of(name.encode()), media_type="image/png", label=label)


def test_a_sets_id_is_its_content() -> None:
    """Same files, same id; another order, name or label is another set; archives count their images."""
    a, b = photo("a.png"), photo("b.png")
    assert ImageSet.of((a, b)).id == ImageSet.of((a, b)).id
    others = [ImageSet.of(files).id for files in ((b, a), (a,), (a, photo("c.png")), (a, photo("b.png", label=1)))]
    assert len({ImageSet.of((a, b)).id, *others}) == 5
    assert ImageSet.of((a, ImageFile(name="n", blob=a.blob, media_type="application/x-npz", count=7))).count == 8


@pytest.mark.parametrize("preset", list(PresetName))
@pytest.mark.parametrize("shape", [(3, 224, 224), (3, 299, 299), (3, 96, 128)])
def test_every_preset_makes_a_recipe_of_the_models_shape(preset: PresetName, shape: tuple[int, int, int]) -> None:
    """Channels, height and width are the model's, whatever the preset."""
    found = preprocessing(PreprocessingRequest(preset=preset), shape)
    assert found.shape == shape
    assert found.preset is preset


@pytest.mark.parametrize(
    ("shape", "preset"),
    [
        ((3, 224, 224), PresetName.IMAGENET),
        ((3, 299, 299), PresetName.IMAGENET_INCEPTION),
        ((3, 32, 32), PresetName.UNIT),
        ((1, 28, 28), PresetName.UNIT),
        ((1, 224, 224), PresetName.UNIT),
    ],
)
def test_the_models_input_picks_the_preset(shape: tuple[int, int, int], preset: PresetName) -> None:
    """ImageNet sizes take ImageNet's recipe; anything else is scaled to [0, 1]."""
    assert preprocessing(PreprocessingRequest(), shape).preset is preset


def test_a_field_overrides_its_preset() -> None:
    """Field by field; what is absent stays the preset's."""
    found = preprocessing(PreprocessingRequest(preset=PresetName.IMAGENET, mean=(0.5,), resize=230), (3, 224, 224))
    assert (found.mean, found.std, found.resize) == ((0.5,), (0.229, 0.224, 0.225), 230)


def test_grey_models_get_luminance() -> None:
    """One channel in, one channel out."""
    assert preprocessing(PreprocessingRequest(), (1, 28, 28)).channels == "L"


@pytest.mark.parametrize(
    "wrong",
    [{"mean": (0.0, 0.0)}, {"std": (1.0, 0.0, 1.0)}, {"std": (-1.0,)}, {"resize": 8}, {"scale": 0.0}, {"height": 0}],
)
def test_recipes_that_contradict_themselves_are_refused(wrong: dict[str, object]) -> None:
    """Wrong counts, no spread, a crop larger than the image, no scale, no height."""
    with pytest.raises(ValidationError):
        Preprocessing.model_validate({"height": 16, "width": 16} | wrong)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("3/bird.png", 3), ("birds/3/x/y.png", 3), ("1/2/y.png", 2), ("0007_12.png", 12), ("junco_13.jpeg", 13),
        ("12.png", None), ("bird.png", None), ("3/bird_5.png", 3), ("bird_5.tar.png", None),
        ("99999999999/x.png", None), ("bird_2147483648.png", None), ("v2/bird.png", None), ("-3/x.png", None),
        ("٣/x.png", None),
    ],
)  # fmt: skip
def test_names_carry_labels_by_one_rule(name: str, label: int | None) -> None:
    """The nearest folder of digits, else a trailing _NNN of the stem, else nothing."""
    assert label_from_name(name) == label


def test_a_presets_own_colours_follow_the_models_order() -> None:
    """Blue first, unless given by hand: then they are the user's, in the model's order."""
    found = preprocessing(PreprocessingRequest(preset=PresetName.IMAGENET, channels="BGR"), (3, 224, 224))
    assert (found.mean, found.std) == ((0.406, 0.456, 0.485), (0.225, 0.224, 0.229))
    given = preprocessing(PreprocessingRequest(channels="BGR", mean=(1.0, 2.0, 3.0)), (3, 224, 224))
    assert given.mean == (1.0, 2.0, 3.0)


def test_caffes_preset_is_blue_first_in_pixels() -> None:
    """Keras' numbers for VGG and ResNet: B, G, R minus their means, not scaled."""
    found = preprocessing(PreprocessingRequest(preset=PresetName.IMAGENET_CAFFE), (3, 224, 224))
    assert (found.channels, found.mean, found.std, found.scale) == ("BGR", (103.939, 116.779, 123.68), (1.0,), 1.0)


@pytest.mark.parametrize(
    ("fields", "resize"),
    [
        ({"preset": "imagenet"}, 256),
        ({"preset": "imagenet", "crop": False}, None),
        ({"preset": "imagenet", "crop": True}, 256),
        ({"preset": "unit"}, None),
        ({"preset": "unit", "crop": True}, 224),
        ({"preset": "clip"}, 224),
        ({"preset": "unit", "crop": True, "resize": 300}, 300),
    ],
)
def test_crop_says_how_an_image_is_fitted(fields: dict[str, object], resize: int | None) -> None:
    """A preset's own rule unless one is asked for."""
    assert preprocessing(PreprocessingRequest.model_validate(fields), (3, 224, 224)).resize == resize


def test_a_short_side_without_a_crop_is_refused() -> None:
    """The two contradict each other."""
    with pytest.raises(ValidationError, match="crop is false"):
        PreprocessingRequest(crop=False, resize=256)


def test_a_preset_of_three_colours_is_refused_for_grey() -> None:
    """The message says how many values are wanted."""
    with pytest.raises(ValidationError, match="mean has 3 values; L needs 1 "):
        preprocessing(PreprocessingRequest(preset=PresetName.IMAGENET), (1, 224, 224))
