"""Which numbers decide."""

from pydantic import Field

from junco.contract.base import Frozen


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
    tampering_others_beyond: float = Field(
        default=0.1, description="The same, less that of occlusion's maps, below which it is the images that are alike."
    )
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
    tampering_swap: float = Field(
        default=0.2, description="Share of occlusion's contrast by which a map must be against it, to be exchanged."
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
