"""The closed lists that users depend on: methods, controls, checks, verdicts. The audit maps each name to code."""

from enum import StrEnum


class Method(StrEnum):
    """Explanation methods that a plan may ask for."""

    GRADIENT = "gradient"
    INPUT_X_GRADIENT = "input_x_gradient"
    INTEGRATED_GRADIENTS = "integrated_gradients"
    SMOOTHGRAD = "smoothgrad"
    VARGRAD = "vargrad"
    INTEGRATED_GRADIENTS_SMOOTHGRAD = "integrated_gradients_smoothgrad"
    GRADIENT_SHAP = "gradient_shap"
    EXPECTED_GRADIENTS = "expected_gradients"
    GUIDED_BACKPROP = "guided_backprop"
    DECONVOLUTION = "deconvolution"
    DEEP_LIFT = "deep_lift"
    LRP_EPSILON = "lrp_epsilon"
    LRP_GAMMA = "lrp_gamma"
    LRP_Z_PLUS = "lrp_z_plus"
    LRP_ALPHA2_BETA1 = "lrp_alpha2_beta1"
    DEEP_TAYLOR = "deep_taylor"
    EXCITATION_BACKPROP = "excitation_backprop"
    PATTERN_NET = "pattern_net"
    PATTERN_ATTRIBUTION = "pattern_attribution"
    GRAD_CAM = "grad_cam"
    GUIDED_GRAD_CAM = "guided_grad_cam"
    GRAD_CAM_PLUS_PLUS = "grad_cam_plus_plus"
    LAYER_CAM = "layer_cam"
    SCORE_CAM = "score_cam"
    ATTENTION_ROLLOUT = "attention_rollout"
    ATTENTION_RELEVANCE = "attention_relevance"
    OCCLUSION = "occlusion"
    PREDICTION_DIFFERENCE = "prediction_difference"
    RISE = "rise"
    LIME = "lime"
    KERNEL_SHAP = "kernel_shap"
    SHAPLEY_SAMPLING = "shapley_sampling"
    ANCHORS = "anchors"


class Control(StrEnum):
    """Maps whose verdict is known beforehand; a job that misjudges one of them distrusts itself."""

    EDGE_DETECTOR = "edge_detector"
    GAUSSIAN_NOISE = "gaussian_noise"
    CONSTANT = "constant"
    FIXED_PRIOR = "fixed_prior"
    EDGE_X_GRADIENT = "edge_x_gradient"
    RANDOM_WEIGHTS = "random_weights"
    INPUT_ONLY = "input_only"


class CheckName(StrEnum):
    """Sanity checks that a plan may ask for."""

    PARAMETER_RANDOMIZATION = "parameter_randomization"
    INPUT_SHIFT = "input_shift"
    CLASS_SENSITIVITY = "class_sensitivity"
    INPUT_MANIPULATION = "input_manipulation"
    FRAGILITY = "fragility"
    MODEL_MANIPULATION = "model_manipulation"
    DATA_RANDOMIZATION = "data_randomization"
    REPEATABILITY = "repeatability"
    FAITHFULNESS = "faithfulness"


class Verdict(StrEnum):
    """What is said of an explanation, never of a job."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    NOT_RUN = "not_run"


class View(StrEnum):
    """How a raw map is reduced over channels before maps are compared."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


class Arm(StrEnum):
    """How parameters are destroyed: drawn anew, or shuffled within each tensor."""

    REINIT = "reinit"
    PERMUTE = "permute"


class Depth(StrEnum):
    """How much of the network is randomised, from the output down."""

    LOGIT = "logit"
    TOP = "top"
    FULL = "full"


class Rival(StrEnum):
    """Which other class is asked for, in place of the predicted one."""

    RANDOM = "random"
    LEAST = "least"
    SECOND = "second"


class Lesson(StrEnum):
    """What a network is trained on: the true labels, the same from another seed, or labels that were permuted."""

    TRUE = "true"
    TWIN = "twin"
    PERMUTED = "permuted"


class Defence(StrEnum):
    """What a map is smoothed by before it is attacked again: softplus for ReLU, or noise on the image."""

    BETA = "beta"
    SMOOTHGRAD = "smoothgrad"


class Aim(StrEnum):
    """What an attack on a map wants: its largest values gone, its centre moved, or its mass in one quarter."""

    TOP_K = "top_k"
    MASS_CENTRE = "mass_centre"
    REGION = "region"


class Circumstance(StrEnum):
    """What differs when the same explanation is asked for again."""

    SEED = "seed"
    ORDER = "order"
    THREADS = "threads"


class Fill(StrEnum):
    """What stands where the image was taken away: the mean of the data, or the image itself, blurred."""

    MEAN = "mean"
    BLUR = "blur"


class Sign(StrEnum):
    """What a network that lies about itself may show in a map."""

    OFFSET = "offset"
    FRAME = "frame"
    INDEPENDENCE = "independence"
    GAP = "gap"
    AGREEMENT = "agreement"
    SWAP = "swap"
    REFERENCE = "reference"
    MOVED = "moved"


class Level(StrEnum):
    """How much a sign says."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


class Family(StrEnum):
    """What a method does to a model, and so which models it is defined for."""

    GRADIENT = "gradient"
    BACKPROP = "backprop"
    CAM = "cam"
    PERTURBATION = "perturbation"
    ATTENTION = "attention"
    CONTROL = "control"


def named(name: str) -> Method | Control:
    """The method or control called ``name``; raises ``ValueError`` for anything else."""
    try:
        return Method(name)
    except ValueError:
        return Control(name)
