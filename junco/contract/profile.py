"""Versioned profiles: how much work a verdict rests on, and which numbers decide."""

from enum import StrEnum

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import CheckName


class ProfileName(StrEnum):
    """How much work a verdict rests on."""

    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


class Thresholds(Frozen):
    """Numbers that decide. tau_* are engineering choices of this project, printed in every report."""

    tau_fail: float = 0.50
    tau_pass: float = 0.25
    alpha: float = 0.05
    ceiling_minimum: float = Field(default=0.5, description="Self-similarity below which a method is not reproducible.")
    kappa_support: float = Field(
        default=0.2, description="Least distance of ceiling and floor at which kappa is defined."
    )
    undefined_share: float = Field(default=0.2, description="Share of undefined cells above which there is no verdict.")
    identity_margin: float = Field(default=0.02, description="Mean rho - R above minus this: the map did not change.")
    decorrelation: float = Field(
        default=0.3, description="Logit correlation at full depth below which a model changed."
    )
    completeness: float = Field(
        default=0.05, description="Largest median completeness residual of integrated gradients."
    )
    shift_precondition: float = Field(default=1e-5, description="Largest output difference over the largest output.")
    shift_pass: float = Field(default=1e-3, description="Largest median map difference that passes.")
    shift_pass_rho: float = Field(default=0.999, description="Smallest rank correlation that passes.")
    shift_fail: float = Field(default=0.05, description="Smallest median map difference that fails.")


class Profile(Frozen):
    """Sample sizes, thresholds and required checks under one versioned name."""

    name: ProfileName
    version: int
    images_minimum: int
    images_recommended: int
    images_maximum: int
    seeds: int
    group_size: int = 25
    calibration_images: int
    curve_stages: int
    curve_images: int
    curve_seeds: int
    shift_images: int
    required: tuple[CheckName, ...]
    thresholds: Thresholds = Thresholds()


PROFILES: dict[ProfileName, Profile] = {
    ProfileName.QUICK: Profile(
        name=ProfileName.QUICK,
        version=1,
        images_minimum=10,
        images_recommended=20,
        images_maximum=24,
        seeds=3,
        calibration_images=48,
        curve_stages=8,
        curve_images=4,
        curve_seeds=1,
        shift_images=4,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
    ProfileName.STANDARD: Profile(
        name=ProfileName.STANDARD,
        version=1,
        images_minimum=20,
        images_recommended=50,
        images_maximum=100,
        seeds=5,
        calibration_images=128,
        curve_stages=16,
        curve_images=10,
        curve_seeds=2,
        shift_images=16,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
    ProfileName.THOROUGH: Profile(
        name=ProfileName.THOROUGH,
        version=1,
        images_minimum=50,
        images_recommended=100,
        images_maximum=200,
        seeds=10,
        calibration_images=256,
        curve_stages=1000,
        curve_images=20,
        curve_seeds=3,
        shift_images=32,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
}
