"""Which of a model's answers is the classification."""

from collections.abc import Callable

from torch import Tensor
from torch.utils._pytree import GetAttrKey, KeyPath, MappingKey, SequenceKey, tree_flatten_with_path

from junco.contract.errors import ModelOutputShape

Choice = Callable[[object], Tensor]

_EXPECTED = "one floating-point tensor of shape [n, classes], with at least two classes"


def chosen(answer: object, output: str | None) -> Tensor:
    """The [n, classes] tensor in ``answer``; [n, classes, 1, 1] is squeezed.

    ``output`` names an answer by key, field or place where there are several. Raises ``ModelOutputShape``.
    """
    answers = named(answer)
    if output is not None:
        if output not in answers:
            raise _refused(f"the model has no output {output!r}", answers, "name one of the outputs found")
        return _classification(answers[output], answers)
    if len(answers) == 1:
        return _classification(next(iter(answers.values())), answers)
    fitting = [tensor for tensor in answers.values() if _fault(tensor) is None]
    if len(fitting) == 1:
        return _squeezed(fitting[0])
    detail = "several outputs are" if fitting else "none of the outputs is"
    raise _refused(f"{detail} a classification", answers, "name the output that holds the class scores")


def named(answer: object) -> dict[str, Tensor]:
    """Every tensor in a program's answer, under the name that ``output`` may give."""
    leaves, _ = tree_flatten_with_path(answer)
    return {_spelt(path): leaf for path, leaf in leaves if isinstance(leaf, Tensor)}


def _spelt(path: KeyPath) -> str:
    return ".".join(_key(key) for key in path) or "0"


def _key(key: object) -> str:
    match key:
        case MappingKey(key=name):
            return str(name)
        case SequenceKey(idx=place):
            return str(place)
        case GetAttrKey(name=name):
            return str(name)
    return str(key)


def _classification(tensor: Tensor, answers: dict[str, Tensor]) -> Tensor:
    fault = _fault(tensor)
    if fault is not None:
        raise _refused(fault, answers, "upload a model that answers class scores, one row an image")
    return _squeezed(tensor)


def _fault(tensor: Tensor) -> str | None:
    shape = tuple(tensor.shape)
    if not tensor.is_floating_point():
        return "the model answers no floating-point scores"
    if len(shape) < 2 or any(side != 1 for side in shape[2:]):
        return "the model does not answer one row of class scores an image"
    if shape[1] < 2:
        return "the model answers a single score an image: there is no other class to tell it from"
    return None


def _squeezed(tensor: Tensor) -> Tensor:
    return tensor.flatten(1) if tensor.dim() > 2 else tensor


def _refused(detail: str, answers: dict[str, Tensor], remedy: str) -> ModelOutputShape:
    found = ", ".join(f"{name}: {list(tensor.shape)} {tensor.dtype}" for name, tensor in answers.items())
    return ModelOutputShape(detail, expected=_EXPECTED, found=found or "no tensor", remedy=remedy)
