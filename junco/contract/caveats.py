"""Each caveat in one sentence, for reports and documents."""

from collections.abc import Mapping
from types import MappingProxyType

from junco.contract.outcome import Caveat

SENTENCES: Mapping[Caveat, str] = MappingProxyType(
    {
        Caveat.NECESSARY_NOT_SUFFICIENT: "Passing is necessary, not sufficient: it says nothing about spurious "
        "features, counterfactuals or recourse.",
        Caveat.INPUT_DOMINATED: "The map resembles the image's edges, or two random models draw nearly the same one: "
        "much of what it shows is the input or the architecture.",
        Caveat.SIGN_ONLY: "Only the signs change with the parameters; the magnitudes look much alike before and after.",
        Caveat.SHALLOW_INVARIANCE: "The map ignores the upper layers and follows only the lower ones.",
        Caveat.LOW_RESOLUTION: "The map has few cells, so chance similarity is large and intervals are wide.",
        Caveat.SCHEME_DISAGREEMENT: "Drawing parameters anew and shuffling them lead to different decisions.",
        Caveat.DEGENERATE_MAPS: "Some maps of randomised models are constant or not finite; they are left out.",
        Caveat.FEW_IMAGES: "Fewer images than the profile recommends.",
        Caveat.TOO_FEW_IMAGES: "Fewer images than the profile needs for any verdict.",
        Caveat.FEW_CLASSES: "The model predicts fewer than five classes on these images.",
        Caveat.FEW_CALIBRATION_IMAGES: "Running statistics of redrawn networks rest on fewer than 256 images.",
        Caveat.PARAMETERS_LEFT: "Some parameters could not be randomised; the model section lists them.",
        Caveat.CONTROL_DISAGREES: "A control was misjudged, so this job does not trust verdicts of the opposite kind.",
        Caveat.IDENTITY: "The map did not change at all.",
        Caveat.ENCODING: "The map depends on how pixels are encoded; with a baseline re-expressed in the new encoding "
        "it may not.",
        Caveat.MISCLASSIFIED: "The model misclassifies some of these images.",
        Caveat.NO_GRADIENT_CONTROL: "The file gives no gradients, so the plain gradient does not vouch for this job.",
        Caveat.BN_POLICY_DISAGREEMENT: "What becomes of scales and running statistics beside drawn weights moves kappa "
        "by as much as lies between a pass and a fail.",
        Caveat.SHARED_EVIDENCE: "The map for the second class is nearly that for the first: either the method does not "
        "tell them apart, or the two classes share their evidence.",
        Caveat.ONE_ATTACK: "Resists this attack at this budget; another attack, or more steps, may succeed. It also "
        "depends on the model's curvature, not on the method alone.",
        Caveat.UNDEFENDED: "The smoothed map of the same method was not manipulated as often: consider explaining with "
        "beta.",
        Caveat.TRAINED_HERE: "Judged on networks of this architecture that were trained here by the plan's recipe, not "
        "on the uploaded weights.",
        Caveat.ONE_TRAINING: "Judged on one training of each kind, so the interval covers images and not trainings.",
        Caveat.PERTURBATION_CHOICE: "Deleted pixels are filled with something the model never saw; another fill can "
        "order methods differently, and so few images do not rank them.",
        Caveat.NO_PROOF: "Evidence, not proof: a lie that only some input triggers, or that occlusion shares, is not "
        "seen, and an odd but honest network may look like one.",
        Caveat.UNREFERENCED: "Reference models were not at hand, and nothing was compared with those.",
        Caveat.REBASED: "The map stays put when its baseline is moved along with the shift: the baseline, not the "
        "method, is tied to the pixels' zero.",
        Caveat.CONVERGES: "Whatever relevance its rule starts from arrives in one direction: on this model the map can "
        "turn over or fade with the class, and not show another thing.",
    }
)
"""One sentence for every caveat; a test asserts that none is missing."""
