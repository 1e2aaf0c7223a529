"""What inspection warns of: a closed list, each word with what it means and what to do."""

from enum import StrEnum

from junco.contract.base import Frozen


class CautionName(StrEnum):
    """Traits of a file that change how it is judged, or how far a verdict on it reaches."""

    BATCH_FIXED = "batch_fixed"
    BATCH_DEPENDENT = "batch_dependent"
    BLACK_BOX = "black_box"
    TRACED = "traced"
    PARITY = "parity"
    PRECISION = "precision"
    QUANTISED = "quantised"
    SOFTMAX_CUT = "softmax_cut"
    ATTENTION = "attention"
    COVERAGE = "coverage"
    CHANNELS_LAST = "channels_last"
    TRAINING_MODE = "training_mode"
    RANDOM = "random"
    GRADIENTS_OVERRIDDEN = "gradients_overridden"
    OTHER = "other"


MEANINGS: dict[CautionName, str] = {
    CautionName.BATCH_FIXED: "Images are handed in at the one batch size that the file takes. Verdicts are the same, "
    "jobs may take longer. Export with a free batch dimension.",
    CautionName.BATCH_DEPENDENT: "An image's map depends on its neighbours in the batch, as with batch statistics in "
    "use. Put the model in evaluation mode and export it again.",
    CautionName.BLACK_BOX: "Gradients cannot be had from this file: only methods that need none can be judged. Export "
    "as TorchScript by tracing, or with operators that are supported.",
    CautionName.TRACED: "The program was followed on examples. Branches that depend on what is in an image are as they "
    "were there, and layers may have lost their names.",
    CautionName.PARITY: "The lifted graph does not answer as the file does: no method that rests on it is judged. "
    "Report the file, or export it in another format.",
    CautionName.PRECISION: "The file computes in another precision than float32, in which it is explained. Parity is "
    "held to that precision's tolerance.",
    CautionName.QUANTISED: "Rounding has no gradient: gradients pass straight through it. Judge the model as it was "
    "before quantisation too, if you have it.",
    CautionName.SOFTMAX_CUT: "Logits are explained, because a probability's gradient vanishes where the model is sure.",
    CautionName.ATTENTION: "The model attends. Class activation maps read its last convolution, which may be the patch "
    "embedding: name a layer, or use methods made for attention.",
    CautionName.COVERAGE: "Randomisation does not reach all that was trained, so a map may stay for the sake of what "
    "is left. The report lists what and why.",
    CautionName.CHANNELS_LAST: "Images are turned to [n, height, width, channels] for it, maps back. Nothing to do.",
    CautionName.TRAINING_MODE: "The file was saved for training. Dropout or batch statistics that are fixed in its "
    "program stay. Call eval() before export.",
    CautionName.RANDOM: "The file draws random numbers, so no map of it can be repeated. Call eval() before export.",
    CautionName.GRADIENTS_OVERRIDDEN: "The file's own gradients are not those of what it computes, as with detach(). "
    "Explanations follow what it computes.",
    CautionName.OTHER: "See the sentence itself.",
}


class Caution(Frozen):
    """One warning: its word, what was found in this file, what the word means for every file."""

    name: CautionName
    detail: str
    meaning: str
