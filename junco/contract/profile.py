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
    class_fail: float = Field(default=0.50, description="tau_fail of class_sensitivity.")
    class_pass: float = Field(default=0.40, description="tau_pass of class_sensitivity.")
    completeness: float = Field(
        default=0.05, description="Largest median completeness residual of integrated gradients."
    )
    shift_precondition: float = Field(default=1e-5, description="Largest output difference over the largest output.")
    shift_pass: float = Field(default=1e-3, description="Largest median map difference that passes.")
    shift_pass_rho: float = Field(default=0.999, description="Smallest rank correlation that passes.")
    shift_fail: float = Field(default=0.05, description="Smallest median map difference that fails.")
    manipulation_output: float = Field(
        default=0.01, description="Largest distance of softmax outputs at which an image is the same to the model."
    )
    manipulation_image: float = Field(default=0.9, description="Smallest SSIM at which it is the same to a viewer.")
    manipulation_gain: float = Field(
        default=0.3, description="Least rise of the map's correlation with its target that is a success."
    )
    manipulation_images: int = Field(default=30, description="Attacked images below which there is no word.")
    manipulation_fail: float = Field(default=0.5, description="Share of successes above which a method is vulnerable.")
    manipulation_pass: float = Field(default=0.1, description="Share of successes below which it resists this attack.")
    fragility_fail: float = Field(default=0.3, description="Share of the top k lost to an attack beyond noise: fails.")
    fragility_pass: float = Field(default=0.1, description="The same, below which a method passes.")
    fragility_room: float = Field(
        default=0.5, description="Share of the top k that noise must leave, for an attack to have something to take."
    )
    tampering_offset: float = Field(
        default=0.8, description="Median correlation with the map of centred logits below which a map shows an offset."
    )
    tampering_offset_weak: float = Field(default=0.9, description="The same, below which it may.")
    tampering_frame: float = Field(
        default=0.3, description="Share of a map's mass off the border that has moved to it: strong evidence above."
    )
    tampering_frame_weak: float = Field(default=0.1, description="The same, weak evidence above.")
    tampering_others: float = Field(
        default=0.85, description="Correlation of different images' maps above which they are one: strong evidence."
    )
    tampering_others_weak: float = Field(default=0.6, description="The same, weak evidence above.")
    tampering_gap: float = Field(
        default=0.2,
        description="Share of occlusion's gain below which a map's order moves the answer too little.",
    )
    tampering_agreement: float = Field(
        default=0.05, description="Correlation with occlusion beyond that of other images, below which there is none."
    )
    tampering_contrast: float = Field(
        default=0.2, description="Contrast of two photos side by side that occlusion must show, for a pair to count."
    )
    tampering_pairs: int = Field(default=6, description="Pairs that must count.")
    tampering_reference: float = Field(
        default=0.5,
        description="Share of occlusion's likeness to references below which a map's is weak evidence.",
    )
    tampering_kept: float = Field(
        default=0.75, description="Share of a map's own worth on every reference below which it lost some."
    )
    tampering_references: int = Field(
        default=5, description="References whose likeness among one another can be strong evidence."
    )
    label_memorised: float = Field(default=0.95, description="Train accuracy that every network must exceed.")
    label_room: float = Field(
        default=0.05, description="Least similarity, above the floor, of maps of two networks trained alike."
    )
    label_fail: float = Field(default=0.50, description="tau_fail of data_randomization.")
    label_pass: float = Field(default=0.25, description="tau_pass of data_randomization.")
    repeat_pass: float = Field(default=0.9, description="Correlation of a map with itself above which it repeats.")
    repeat_fail: float = Field(default=0.5, description="The same, below which it does not.")
    faithfulness_room: float = Field(
        default=0.2, description="Least mean probability that a fill must take from the class, for it to count."
    )


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
    tampering_images: int = Field(description="Images of model_manipulation.")
    tampering_steps: int = Field(description="Steps from the image to nothing, and back, of model_manipulation.")
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
        version=2,
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
        version=2,
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
        version=2,
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
