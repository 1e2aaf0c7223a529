"""What may be said on a command line, and what is said of mistakes."""

import pytest

from junco.client import options
from junco.client.asked import Settings
from junco.contract.catalogue import Arm, CheckName, Control, Method
from junco.contract.errors import BadInput, InvalidPlan
from junco.contract.images import PresetName
from junco.contract.randomization import ConventionName, Order, RandomizationRequest, TargetPolicy


def test_methods_carry_parameters_and_checks():
    one, two, three = options.methods(
        ["integrated_gradients:baseline=black,steps=32,grad_cam@input_shift", "edge_detector"]
    )
    assert (one.method, one.parameters) == (Method.INTEGRATED_GRADIENTS, {"baseline": "black", "steps": 32})
    assert (two.method, two.checks) == (Method.GRAD_CAM, (CheckName.INPUT_SHIFT,))
    assert three.method is Control.EDGE_DETECTOR


def test_a_list_in_a_parameter_keeps_its_commas():
    (one,) = options.methods(["integrated_gradients:baseline=custom,baseline_values=[0.1,0.2,0.3]"])
    assert one.parameters["baseline_values"] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("saliency", "no method 'saliency'"),
        ("gradient:steps=3", "not valid"),
        ("smoothgrad:sigma=7", "not valid"),
        ("smoothgrad:sigma", "cannot be read"),
        ("gradient@nothing", "no check 'nothing'"),
    ],
)
def test_a_wrong_method_is_named(text, says):
    with pytest.raises(InvalidPlan, match=says):
        options.methods([text])


def test_checks_are_joined_by_commas():
    assert options.checks(["input_shift,parameter_randomization"]) == (
        CheckName.INPUT_SHIFT,
        CheckName.PARAMETER_RANDOMIZATION,
    )


def test_a_preset_can_be_overridden_field_by_field():
    found = options.preprocessing("imagenet:resize=256,mean=[0.5,0.5,0.5]")
    assert (found.preset, found.resize, found.mean) == (PresetName.IMAGENET, 256, (0.5, 0.5, 0.5))
    assert options.preprocessing(None).preset is None
    with pytest.raises(InvalidPlan, match="no preset 'imagnet'"):
        options.preprocessing("imagnet")


def test_a_convention_can_be_overridden_field_by_field():
    form = options.convention('adebayo_code:order=independent,arms=["permute"],target_policy=fixed')
    request = Settings(form=form).request(model="sha256:" + "0" * 64, images="sha256:" + "1" * 64)
    assert request.convention is ConventionName.ADEBAYO_CODE
    assert request.target_policy is TargetPolicy.FIXED
    assert request.randomization == RandomizationRequest(order=Order.INDEPENDENT, arms=(Arm.PERMUTE,))
    assert options.convention("audit") == Settings().form


@pytest.mark.parametrize(
    ("text", "says"),
    [("quantus", "no convention 'quantus'"), ("sixt:order=up", "not valid"), ("sixt:target_policy=x", "not valid")],
)
def test_a_wrong_convention_is_named(text, says):
    with pytest.raises(InvalidPlan, match=says):
        options.convention(text)


def test_shapes_shifts_labels_and_tags(tmp_path):
    assert options.input_shape("3x224x160") == (3, 224, 160)
    assert options.shift("range") == "range"
    assert options.shift("-1.5") == -1.5
    assert options.shift("range, checkerboard,image,-2") == ("range", "checkerboard", "image", -2.0)
    assert options.labels("3,1,4") == (3, 1, 4)
    (tmp_path / "labels.json").write_text("[7, 8]")
    assert options.labels(str(tmp_path / "labels.json")) == (7, 8)
    assert options.tags(["stage=prod", "note=a=b"]) == {"stage": "prod", "note": "a=b"}


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (options.input_shape, "224"),
        (options.input_shape, "0x2x2"),
        (options.shift, "much"),
        (options.shift, "nan"),
        (options.shift, "0"),
        (options.shift, "range,range"),
        (options.labels, "cat,dog"),
        (options.labels, __file__.replace(".py", ".absent")),
        (options.tags, ["novalue"]),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_expected(read, text):
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.expected


def test_labels_on_the_command_line_may_be_many():
    """More than a file's name may have characters: nobody takes the list for one."""
    assert options.labels(",".join(["3"] * 300)) == (3,) * 300


def test_a_file_of_labels_that_is_no_text_is_refused(tmp_path):
    """As anything else that is no list of numbers, and not as an error that nobody foresaw."""
    (tmp_path / "labels.npz").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(BadInput, match="labels cannot be read"):
        options.labels(str(tmp_path / "labels.npz"))


@pytest.mark.parametrize(
    ("read", "given"),
    [(options.methods, [","]), (options.methods, [""]), (options.checks, [" , "]), (options.methods, ["gradient@"])],
)
def test_words_that_name_nothing_do_not_mean_the_usual_ones(read, given):
    """As from a variable of a script that was not set; without any word the usual ones are meant."""
    with pytest.raises(InvalidPlan, match="is named"):
        read(given)
    assert read([]) == ()


@pytest.mark.parametrize(
    ("read", "text", "field", "remedy"),
    [
        (options.preprocessing, "unit:resiz=3", "resize", None),
        (options.convention, "sixt:ordr=independent", "order", None),
        (options.preprocessing, "imagenett", "imagenet", "imagenet"),
        (options.convention, "adebayo", "adebayo_code", "adebayo_code"),
        (lambda text: options.methods([text]), "gradeint", "gradient", "gradient"),
        (lambda text: options.checks([text]), "parameter_randomisation", "input_shift", "parameter_randomization"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_right_ones(read, text, field, remedy):
    """All that there are, and what is near."""
    with pytest.raises(InvalidPlan) as caught:
        read(text)
    assert field in caught.value.expected
    assert remedy is None or remedy in caught.value.remedy
