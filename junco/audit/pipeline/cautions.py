"""What is to be known of a lifted model before a verdict on it is read."""

from collections.abc import Iterator, Sequence

from torch import fx, nn

from junco.audit.graph import coverage
from junco.audit.graph.ops import op_name
from junco.audit.model import Canonical, Parity
from junco.contract.cautions import MEANINGS, Caution, CautionName

# Lifting speaks in sentences; these are the words by which each kind is known.
_SPOKEN: tuple[tuple[str, CautionName], ...] = (
    ("saved in training mode", CautionName.TRAINING_MODE),
    ("draws random numbers", CautionName.RANDOM),
    ("overrides its gradients", CautionName.GRADIENTS_OVERRIDDEN),
    ("depend on the other images", CautionName.BATCH_DEPENDENT),
    ("takes batches of", CautionName.BATCH_FIXED),
    ("one image at a time", CautionName.BATCH_FIXED),
    ("channels last", CautionName.CHANNELS_LAST),
    ("rounds its activations", CautionName.QUANTISED),
    ("computes in", CautionName.PRECISION),
    ("was traced", CautionName.TRACED),
)
_ATTENTION = {"aten::scaled_dot_product_attention"}
_SOFTMAX = {"aten::softmax", "aten::_softmax"}


def cautions(model: Canonical, parity: Sequence[Parity]) -> tuple[Caution, ...]:
    """Every caution in the order of the catalogue, sentences of one kind side by side."""
    found = sorted(_found(model, parity), key=lambda pair: list(CautionName).index(pair[0]))
    return tuple(Caution(name=name, detail=detail, meaning=MEANINGS[name]) for name, detail in found)


def spoken(sentence: str) -> CautionName:
    """The kind of a sentence that lifting gave."""
    return next((name for words, name in _SPOKEN if words in sentence), CautionName.OTHER)


def _found(model: Canonical, parity: Sequence[Parity]) -> Iterator[tuple[CautionName, str]]:
    yield from ((spoken(sentence), sentence) for sentence in model.warnings if sentence != model.no_gradients)
    if model.no_gradients is not None:
        yield CautionName.BLACK_BOX, f"no gradients: {model.no_gradients}"
    elif _attends(model.graph_module):
        yield CautionName.ATTENTION, "the graph computes attention"
    if model.softmax_cut is not None:
        yield CautionName.SOFTMAX_CUT, f"a closing {model.softmax_cut} was taken off"
    for probe in parity:
        if not probe.within:
            off = f"{probe.max_relative:.2g} of the largest answer, {probe.tolerance:.2g} allowed"
            yield CautionName.PARITY, f"on {probe.probe} the graph is off by {off}"
    reached = coverage(model)
    if reached < 1:
        left = ", ".join(f"{name} ({why})" for name, why in list(model.left_out.items())[:5])
        yield CautionName.COVERAGE, f"{reached:.1%} of the trained numbers can be randomised; left: {left or 'unnamed'}"


def _attends(module: fx.GraphModule) -> bool:
    """Whether anything is weighted by a softmax other than the one that closed the network."""
    calls = {op_name(node) for node in module.graph.nodes}
    return bool(calls & (_ATTENTION | _SOFTMAX)) or any(isinstance(layer, nn.Softmax) for layer in module.modules())
