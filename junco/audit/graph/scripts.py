"""What the program texts of a TorchScript archive may not say, read as text before torch compiles them."""

import re
from collections.abc import Iterable, Iterator

from junco.contract.errors import ModelUnreadable

_IDENTITY = re.compile(r"torch\.__is(?:not)?__\(")
_LITERAL = re.compile(r"""[-\d\["'(]|True|False""")


def require_harmless(texts: Iterable[str]) -> None:
    """Raise ``ModelUnreadable`` for texts that end the process when they run.

    Torch compares identities of anything it is handed and reads the address of what has none. Scripting compares
    tensors with each other and with None; a number, text or list that stands there was put there by hand.
    """
    for text in texts:
        for call in _IDENTITY.finditer(text):
            arguments = _arguments(text, call.end())
            if any(_LITERAL.match(argument) for argument in arguments) and not _optional_flag(arguments, text):
                raise ModelUnreadable(
                    "the program in the archive would crash torch",
                    expected="identity compared between tensors or with None, as torch.jit writes it",
                    found=text[call.start() : call.start() + 80].splitlines()[0],
                    remedy="export the model again, with == where values are compared",
                )


def _optional_flag(arguments: list[str], text: str) -> bool:
    """Whether a declared ``Optional[bool]`` is compared with a truth value, as torch's own transformer layers do."""
    name, value = arguments if len(arguments) == 2 else ("", "")
    return value in ("True", "False") and re.search(rf"\b{re.escape(name)}: Optional\[bool\]", text) is not None


def _arguments(text: str, start: int) -> list[str]:
    """The arguments of the call whose bracket has just opened."""
    return [part.strip() for part in _split(text[start : start + 10_000])]


def _split(text: str) -> Iterator[str]:
    depth = begin = 0
    for place, character in enumerate(text):
        if depth == 0 and character in ",)":
            yield text[begin:place]
            begin = place + 1
            if character == ")":
                return
        depth += (character in "([{") - (character in ")]}")
