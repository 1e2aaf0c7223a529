"""Requests and plans as data."""

import pytest
from pydantic import ValidationError

from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Method
from junco.contract.plan import Plan
from junco.contract.profile import PROFILES, ProfileName
from junco.contract.request import CHECKS_BY_DEFAULT, MethodRequest, PlanRequest
from junco.contract.resolve import resolve
from tests.contract.reports import image_set, report, request


def test_a_bare_name_is_a_method_with_its_defaults() -> None:
    """ "gradient" and {"method": "gradient"} are one request."""
    assert request(methods=["gradient"]) == request(methods=[{"method": "gradient"}])


def test_by_default_the_common_methods_meet_every_check() -> None:
    """Four methods, all checks, the standard profile."""
    asked = request()
    assert [m.method for m in asked.methods] == [
        Method.GRADIENT, Method.INPUT_X_GRADIENT, Method.GUIDED_BACKPROP, Method.GRAD_CAM,
    ]  # fmt: skip
    assert asked.checks == CHECKS_BY_DEFAULT
    assert asked.profile is ProfileName.STANDARD


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": []}, {"checks": []}, {"checks": ["sanity"]}, {"profile": "huge"}, {"seed": -1}, {"seed": 2**32},
        {"timeout_seconds": 1}, {"shift": "everything"}, {"target_policy": "any"}, {"model": "sha256:abc"},
        {"methods": ["gradient"] * 33}, {"method": ["gradient"]}, {"preprocessing": {"hieght": 3}},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(wrong: dict[str, object]) -> None:
    """Out of range, unknown or misspelt: an error, never a default."""
    with pytest.raises(ValidationError):
        request(**wrong)


def test_plans_and_requests_survive_json() -> None:
    """Every field comes back as it was, custom baselines included."""
    custom = {"baseline": "custom", "baseline_values": [0.1, 0.2, 0.3]}
    method = {"method": "integrated_gradients", "parameters": custom}
    asked = request(methods=[method], shift=-0.5, seed=7, labels={"team": "birds"})
    found = resolve(asked, report(), image_set(30))
    assert PlanRequest.model_validate_json(asked.model_dump_json()) == asked
    assert Plan.model_validate_json(found.model_dump_json()) == found
    assert found.methods[0].label == "integrated_gradients(baseline=custom,baseline_values=[0.1 0.2 0.3])"
    assert (found.shift, found.seed) == (-0.5, 7)


def test_a_plan_carries_the_numbers_that_will_decide() -> None:
    """The thresholds of docs/verdicts.md, sections 2 and 3, in plain sight."""
    t = resolve(request(), report(), image_set(30)).profile.thresholds
    assert (t.tau_fail, t.tau_pass, t.alpha) == (0.5, 0.25, 0.05)
    assert (t.ceiling_minimum, t.kappa_support, t.undefined_share, t.identity_margin) == (0.5, 0.2, 0.2, 0.02)
    assert (t.decorrelation, t.completeness) == (0.3, 0.05)
    assert (t.shift_precondition, t.shift_pass, t.shift_pass_rho, t.shift_fail) == (1e-5, 1e-3, 0.999, 0.05)


def test_larger_profiles_measure_more() -> None:
    """Images and seeds never shrink from quick to thorough; standard has 50 images and 5 seeds: .05 a side."""
    quick, standard, thorough = (PROFILES[name] for name in ProfileName)
    for field in ("images_minimum", "images_recommended", "images_maximum", "seeds", "calibration_images"):
        values = [getattr(p, field) for p in (quick, standard, thorough)]
        assert values == sorted(set(values))
    assert (standard.images_recommended, standard.seeds) == (50, 5)
    assert all(p.images_minimum <= p.images_recommended <= p.images_maximum for p in PROFILES.values())


def test_methods_of_a_check_are_those_that_asked_for_it() -> None:
    """A method may take part in one check alone."""
    asked = request(methods=["gradient", {"method": "smoothgrad", "checks": ["input_shift"]}])
    found = resolve(asked, report(), image_set(30))
    assert "smoothgrad" in [m.label for m in found.methods_of(CheckName.INPUT_SHIFT)]
    assert "smoothgrad" not in [m.label for m in found.methods_of(CheckName.PARAMETER_RANDOMIZATION)]


def test_ids_are_digests() -> None:
    """sha256: and 64 hexadecimal digits of the bytes."""
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"samples": 0}, ("parameters", "samples")),
        ({"sample": 3}, ("parameters", "sample")),
        ({"samples": 3, "noise": [1]}, ("parameters", "noise")),
    ],
)
def test_an_error_in_a_methods_parameters_says_where_it_is(
    parameters: dict[str, object], where: tuple[str, ...]
) -> None:
    """The path into the request leads through "parameters", so that a client can mark the field."""
    with pytest.raises(ValidationError) as caught:
        MethodRequest.model_validate({"method": "smoothgrad", "parameters": parameters})
    assert where in [error["loc"] for error in caught.value.errors()]


def test_parameters_of_an_unknown_method_are_not_judged() -> None:
    """One error, about the name."""
    with pytest.raises(ValidationError) as caught:
        MethodRequest.model_validate({"method": "smoothgard", "parameters": {"samples": 0}})
    assert [error["loc"] for error in caught.value.errors()] == [("method",)]
