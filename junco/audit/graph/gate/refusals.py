"""The two ways in which the gate says no."""

from junco.contract.errors import ModelNotJudgeable, ModelUnreadable

_QUANTISED = ("the model is quantised", "floating-point weights", "quantisation: quantised weights have no gradients")
_SPECIAL = {
    "quantized": _QUANTISED,
    "_rebuild_qtensor": _QUANTISED,
    "mkldnn": (
        "the model's weights lie in a layout of one kind of processor",
        "weights as dense tensors",
        "torch.utils.mkldnn.to_mkldnn",
    ),
}
"""Honest steps of an export that end in what is refused: what was done, what is wanted instead, what to undo."""
_EXPORT = "export the model anew, with torch.jit.trace or torch.jit.script and torch.jit.save"


def strange(found: str, expected: str) -> ModelUnreadable:
    """The archive is not one that torch would write."""
    return ModelUnreadable("the file is no archive that torch writes", expected=expected, found=found, remedy=_EXPORT)


def forbidden(found: str) -> ModelNotJudgeable:
    """The archive's program asks for what models may not do here."""
    for mark, (detail, expected, step) in _SPECIAL.items():
        if mark in found:
            return ModelNotJudgeable(
                detail, expected=expected, found=found, remedy=f"upload the model as it was before {step}"
            )
    return ModelNotJudgeable(
        "the program in the file names something that a model may not use here",
        expected="operators that compute on tensors, and the file's own modules",
        found=found,
        remedy="remove it from the model, or replace it by standard operators, and export it again",
    )
