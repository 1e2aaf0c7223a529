"""From a request to a plan and its shards: what is refused, what is filled in, what each piece costs."""

from typing import Any

import pytest
from pydantic import ValidationError

from junco.contract.catalogue import Arm, CheckName, Control, Depth, Method
from junco.contract.errors import InputShapeMismatch, InvalidPlan, NoImages
from junco.contract.model import TensorSpec
from junco.contract.plan import Plan, ShardKind
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.contract.reports import image_set, report, request, unavailable

CELLS, CURVE, SHIFT, POLICIES = ShardKind.CELLS, ShardKind.CURVE, ShardKind.SHIFT, ShardKind.NORM_POLICIES


def plan(images: int = 50, layers: int = 6, **fields: Any) -> Plan:
    """A resolved request."""
    return resolve(request(**fields), report(layers), image_set(images))


def test_no_image_is_no_plan() -> None:
    """An empty set is refused by name."""
    with pytest.raises(NoImages, match="no image"):
        resolve(request(), report(), image_set())


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    """The message lists every name that would do."""
    with pytest.raises(ValidationError, match="unknown method 'gradcam'") as caught:
        request(methods=["gradcam"])
    assert all(name in str(caught.value) for name in (*Method, *Control))


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "smoothgrad", "parameters": {"sample": 10}},
        {"method": "smoothgrad", "parameters": {"samples": 1}},
        {"method": "smoothgrad", "parameters": {"sigma": 0}},
        {"method": "integrated_gradients", "parameters": {"baseline": "custom"}},
        {"method": "integrated_gradients", "parameters": {"baseline_values": [0.0]}},
        {"method": "gradient", "parameters": {"abs": True}},
        {"method": "gradient", "check": ["input_shift"]},
    ],
)
def test_parameters_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    """Misspelt, out of range, contradictory, or for another method: never ignored."""
    with pytest.raises(ValidationError):
        request(methods=[wrong])


def test_a_method_asked_for_twice_is_refused() -> None:
    """Also where one spells out the defaults of the other; other parameters make another method."""
    with pytest.raises(InvalidPlan, match="smoothgrad is asked for twice"):
        plan(methods=["smoothgrad", {"method": "smoothgrad", "parameters": {"samples": 50}}])
    found = plan(methods=["smoothgrad", {"method": "smoothgrad", "parameters": {"samples": 25}}])
    assert [m.label for m in found.methods if m.requested] == ["smoothgrad", "smoothgrad(samples=25)"]


def test_an_unknown_layer_is_refused_with_its_near_matches() -> None:
    """conv_4 is near conv4, which the remedy names; the error has what was found."""
    with pytest.raises(InvalidPlan, match="'conv_4'") as caught:
        plan(methods=[{"method": "grad_cam", "parameters": {"layer": "conv_4"}}])
    assert "conv4" in str(caught.value.remedy)
    assert caught.value.found == "conv_4"
    with pytest.raises(InvalidPlan) as far:
        plan(methods=[{"method": "grad_cam", "parameters": {"layer": "zzzzzz"}}])
    assert "inspection" in str(far.value.remedy)


def test_a_layer_that_exists_is_kept_in_label_and_parameters() -> None:
    """Two layers are two methods."""
    asked = [{"method": "grad_cam", "parameters": {"layer": name}} for name in ("conv1", "conv4")]
    found = [m for m in plan(methods=asked).methods if m.requested]
    assert [m.label for m in found] == ["grad_cam(layer=conv1)", "grad_cam(layer=conv4)"]
    assert [m.parameters["layer"] for m in found] == ["conv1", "conv4"]


def test_a_check_outside_the_plan_is_refused() -> None:
    """A method cannot ask for what the plan does not run."""
    with pytest.raises(InvalidPlan, match="input_shift") as caught:
        plan(
            checks=["parameter_randomization"],
            methods=[{"method": "gradient", "checks": ["parameter_randomization", "input_shift"]}],
        )
    assert caught.value.expected == "parameter_randomization"


def test_a_shape_that_the_model_refuses_is_told_with_both_shapes() -> None:
    """Height, width and channels against the model's own."""
    for asked, found in (({"height": 64}, "[3, 64, 32]"), ({"channels": "L"}, "[1, 32, 32]")):
        with pytest.raises(InputShapeMismatch) as caught:
            plan(preprocessing=asked)
        assert (caught.value.expected, caught.value.found) == ("[3, 32, 32]", found)


def test_a_free_dimension_takes_what_the_plan_says() -> None:
    """A fully convolutional model has no size of its own."""
    free = report(inputs=(TensorSpec(name="input", shape=(None, 3, None, None)),))
    found = resolve(request(preprocessing={"height": 64, "width": 48}), free, image_set(20))
    assert found.preprocessing.shape == (3, 64, 48)


@pytest.mark.parametrize(
    "wrong", [{"mean": [0.1, 0.2]}, {"std": [0.0]}, {"resize": 16}], ids=["two means", "no spread", "below the crop"]
)
def test_a_contradictory_preprocessing_is_an_invalid_plan(wrong: dict[str, Any]) -> None:
    """Pydantic's words inside Junco's error."""
    with pytest.raises(InvalidPlan, match="preprocessing is not valid"):
        plan(preprocessing=wrong)


def test_controls_are_added_to_every_plan_and_never_twice() -> None:
    """Edge detector, noise, constant and the gradient ride along unasked; one that was asked for stays asked for."""
    found = {m.label: m for m in plan(methods=["guided_backprop", "edge_detector"]).methods}
    assert list(found) == ["guided_backprop", "edge_detector", "gaussian_noise", "constant", "gradient"]
    assert [m.requested for m in found.values()] == [True, True, False, False, False]
    assert [m.control for m in found.values()] == [False, True, True, True, False]


def test_a_method_without_a_rule_for_the_model_is_planned_and_not_run() -> None:
    """The reason of the inspection travels with the plan; no check counts the method."""
    model = report(methods={"guided_backprop": unavailable("GELU has no guided rule")})
    found = resolve(request(methods=["guided_backprop", "gradient"]), model, image_set(20))
    assert found.methods[0].unavailable == "GELU has no guided rule"
    assert "guided_backprop" not in [m.label for m in found.methods_of(CheckName.PARAMETER_RANDOMIZATION)]


@pytest.mark.parametrize(
    ("layers", "depths"),
    [(1, (1, 1, 1)), (2, (1, 2, 2)), (3, (1, 2, 3)), (4, (1, 2, 4)), (5, (1, 3, 5)), (51, (1, 26, 51))],
)
def test_depths_are_the_logits_the_upper_half_and_all(layers: int, depths: tuple[int, int, int]) -> None:
    """The upper half has at least two layers, where there are two."""
    found = plan(layers=layers).depths
    assert (found[Depth.LOGIT], found[Depth.TOP], found[Depth.FULL]) == depths


@pytest.mark.parametrize("layers", [1, 2, 5, 16, 17, 100])
def test_stages_hold_all_depths_in_order(layers: int) -> None:
    """From the logits to everything, evenly between, no more than the profile shows beside the depths."""
    found = plan(layers=layers)
    assert found.stages == tuple(sorted(set(found.stages)))
    assert set(found.depths.values()) <= set(found.stages)
    assert (found.stages[0], found.stages[-1]) == (1, layers)
    assert len(found.stages) <= found.profile.curve_stages + 1
    gaps = [b - a for a, b in zip(found.stages, found.stages[1:], strict=False)]
    assert max(gaps, default=1) <= layers / found.profile.curve_stages + 1


@pytest.mark.parametrize("count", [1, 2, 20, 37, 38, 50, 99, 100, 250])
def test_groups_hold_every_selected_image_once(count: int) -> None:
    """Their sizes differ by one at most, and stay near the profile's."""
    found = plan(images=count)
    assert sorted(i for group in found.groups for i in group) == list(range(min(count, 100)))
    sizes = [len(group) for group in found.groups]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= 1.5 * found.profile.group_size


def test_selection_is_a_seeded_sample_without_repetition() -> None:
    """At most the profile's maximum, places in the set, another seed another sample."""
    first, again, other = plan(images=250), plan(images=250), plan(images=250, seed=1)
    assert first.selected == again.selected != other.selected
    assert len(set(first.selected)) == 100
    assert set(first.selected) <= set(range(250))
    assert sorted(plan(images=30).selected) == list(range(30))


@pytest.mark.parametrize("profile", ["quick", "standard", "thorough"])
@pytest.mark.parametrize("images", [3, 60, 200])
def test_shards_measure_every_cell_of_every_image_once(profile: str, images: int) -> None:
    """The grid of arms, seeds and images is cut without gap or overlap, at the three depths."""
    found = plan(images=images, profile=profile)
    cells = [s for s in shards(found) if s.kind is CELLS]
    measured = [(cell.arm, cell.seed, i) for s in cells for cell in s.cells for i in s.images]
    everything = {(a, s, i) for a in Arm for s in range(found.profile.seeds) for i in range(len(found.selected))}
    assert len(measured) == len(everything)
    assert set(measured) == everything
    assert all(s.stages == tuple(sorted(set(found.depths.values()))) for s in cells)
    assert all(s.images in found.groups for s in cells)


def test_shards_are_numbered_and_a_function_of_the_plan() -> None:
    """The same plan, through JSON and back, falls into the same pieces."""
    found = plan(profile="thorough", images=200)
    pieces = shards(found)
    assert [s.index for s in pieces] == list(range(len(pieces)))
    assert shards(Plan.model_validate_json(found.model_dump_json())) == pieces


def test_recomputed_originals_stay_under_a_twentieth_of_a_full_shard() -> None:
    """2 passes of the original beside 30 of randomised models are the price of independence; one original is 3 %."""
    whole = [s for s in shards(plan()) if s.kind is CELLS]
    assert all(len(s.cells) == 10 for s in whole)
    assert all(s.cost == len(s.images) * (2 + 10 * 3) for s in whole)


def test_costs_by_hand() -> None:
    """50 images, 5 seeds, 2 arms, 3 depths; curve of 10 images, 2 seeds, 6 stages; shift of 16 images, 50 samples."""
    pieces = shards(plan(methods=["gradient", "smoothgrad"]))
    cost = {kind: sum(s.cost for s in pieces if s.kind is kind) for kind in ShardKind}
    assert cost[CELLS] == 50 * (2 + 5 * 2 * 3)
    assert cost[CURVE] == 10 * (1 + 2 * 6)
    assert cost[SHIFT] >= 2 * 16 * 50


def test_checks_nobody_asked_for_have_no_shard() -> None:
    """One check: its kinds alone; a check that no method can run: none."""
    only = shards(plan(checks=["input_shift"]))
    assert [s.kind for s in only] == [SHIFT]
    assert {s.kind for s in shards(plan(checks=["parameter_randomization"]))} == {CELLS, CURVE, POLICIES}


def test_checks_come_in_the_catalogues_order() -> None:
    """Whatever the request's order, and once each."""
    found = plan(checks=["input_shift", "parameter_randomization", "input_shift"])
    assert found.checks == (CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT)


def test_without_gradients_the_usual_methods_give_way_to_occlusion() -> None:
    """Also for a request that was stored with all its defaults; methods that were asked for by name stay."""
    usual = ("gradient", "input_x_gradient", "guided_backprop", "grad_cam")
    model = report(methods={name: unavailable("no gradients") for name in usual})
    stored = request().model_validate_json(request().model_dump_json())
    for given in (request(), stored):
        asked = [m.label for m in resolve(given, model, image_set(20)).methods if m.requested]
        assert asked == ["occlusion"]
    named = resolve(request(methods=["gradient"]), model, image_set(20))
    assert [m.label for m in named.methods if m.requested] == ["gradient"]
    assert [m.label for m in plan().methods if m.requested] == list(usual)


@pytest.mark.parametrize(("target", "refused"), [(0, False), (9, False), (10, True), ("predicted", False)])
def test_a_target_is_a_class_of_the_model(target: int | str, refused: bool) -> None:
    """Ten classes are 0 to 9; what lies beyond is refused before any work, with the range."""
    if not refused:
        assert plan(target=target).target == target
        return
    with pytest.raises(InvalidPlan, match="has no class 10") as caught:
        plan(target=target)
    assert (caught.value.expected, caught.value.found) == ("a class index from 0 to 9, or 'predicted'", "10")


@pytest.mark.parametrize(("classes", "skipped"), [(2, True), (3, False)])
def test_two_classes_have_no_class_sensitivity(classes: int, skipped: bool) -> None:
    """O17: with z_1 = -z_0 the maps are exact negatives; the plan says why the check is not run."""
    found = resolve(request(), report(classes=classes), image_set(20))
    assert ("two classes" in found.skipped.get(CheckName.CLASS_SENSITIVITY, "")) is skipped
    assert (ShardKind.CLASSES in [shard.kind for shard in shards(found)]) is not skipped


def test_parameters_that_do_not_fit_the_model_are_refused_before_any_work() -> None:
    """A baseline with one value for three channels names both numbers."""
    method = {"method": "integrated_gradients", "parameters": {"baseline": "custom", "baseline_values": [0.5]}}
    with pytest.raises(InvalidPlan, match="does not fit") as caught:
        plan(methods=[method])
    assert (caught.value.expected, caught.value.found) == ("3 baseline_values, one per channel", "1")
