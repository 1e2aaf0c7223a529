"""Versioned profiles: how much work a verdict rests on, by which thresholds."""

from enum import StrEnum

from pydantic import Field

from junco.contract.base import Frozen
from junco.contract.catalogue import CheckName
from junco.contract.thresholds import Thresholds


class ProfileName(StrEnum):
    """How much work a verdict rests on."""

    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


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
    policy_images: int = Field(default=12, description="Images on which other norm policies are tried.")
    policy_seeds: int = Field(default=2, description="Drawn networks on which other norm policies are tried.")
    smooth_images: int = Field(default=10, description="Images whose maps are averaged over noise.")
    smooth_samples: int = Field(default=50, description="Noisy images to each of them (Hedström et al. 2024).")
    shift_images: int
    class_draws: int
    convergence_images: int = Field(default=4, description="Images through which random relevance is carried back.")
    manipulation_images: int
    manipulation_budget: float = Field(description="Share of the published number of steps.")
    defended_images: int
    fragility_images: int
    fragility_steps: int
    tampering_images: int = Field(default=12, description="Images of model_manipulation.")
    tampering_steps: int = Field(
        default=10, description="Steps from the image to nothing, and back, of model_manipulation."
    )
    tampering_orders: int = Field(default=2, description="Random orders to each of its images.")
    label_images: int = Field(description="Held-out images that data_randomization explains.")
    label_seeds: int = Field(description="Draws of data_randomization, each of three trainings.")
    repeat_images: int = Field(description="Images of repeatability.")
    repeat_draws: int = Field(default=3, description="Further seeds of repeatability.")
    faithfulness_images: int
    faithfulness_steps: int = Field(description="Steps from the image to nothing, and back.")
    faithfulness_orders: int = Field(default=2, description="Random orders to each image.")
    faithfulness_squares: int = Field(description="Hidden squares to each image, for infidelity.")
    faithfulness_moves: int = Field(description="Moved copies of each image, for max-sensitivity.")
    required: tuple[CheckName, ...]
    thresholds: Thresholds = Thresholds()


PROFILES: dict[ProfileName, Profile] = {
    ProfileName.QUICK: Profile(
        name=ProfileName.QUICK,
        version=4,
        images_minimum=10,
        images_recommended=20,
        images_maximum=24,
        seeds=3,
        calibration_images=48,
        curve_stages=8,
        curve_images=4,
        curve_seeds=1,
        shift_images=4,
        class_draws=3,
        manipulation_images=8,
        manipulation_budget=0.1,
        defended_images=2,
        fragility_images=10,
        fragility_steps=20,
        tampering_images=12,
        tampering_steps=10,
        label_images=24,
        label_seeds=3,
        repeat_images=10,
        faithfulness_images=10,
        faithfulness_steps=10,
        faithfulness_squares=50,
        faithfulness_moves=5,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
    ProfileName.STANDARD: Profile(
        name=ProfileName.STANDARD,
        version=4,
        images_minimum=20,
        images_recommended=50,
        images_maximum=100,
        seeds=5,
        calibration_images=128,
        curve_stages=16,
        curve_images=10,
        curve_seeds=2,
        shift_images=16,
        class_draws=5,
        manipulation_images=40,
        manipulation_budget=0.2,
        defended_images=8,
        fragility_images=20,
        fragility_steps=100,
        tampering_images=30,
        tampering_steps=12,
        label_images=50,
        label_seeds=4,
        repeat_images=20,
        faithfulness_images=20,
        faithfulness_steps=16,
        faithfulness_squares=100,
        faithfulness_moves=10,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
    ProfileName.THOROUGH: Profile(
        name=ProfileName.THOROUGH,
        version=4,
        images_minimum=50,
        images_recommended=100,
        images_maximum=200,
        seeds=10,
        calibration_images=256,
        curve_stages=1000,
        curve_images=20,
        curve_seeds=3,
        shift_images=32,
        class_draws=10,
        manipulation_images=100,
        manipulation_budget=1.0,
        defended_images=20,
        fragility_images=50,
        fragility_steps=300,
        tampering_images=60,
        tampering_steps=16,
        label_images=100,
        label_seeds=6,
        repeat_images=50,
        faithfulness_images=50,
        faithfulness_steps=28,
        faithfulness_squares=300,
        faithfulness_moves=50,
        required=(CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT),
    ),
}
