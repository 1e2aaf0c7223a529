"""What a command line says -> the words of the contract; every mistake is named, with what would have been right."""

import contextlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import JsonValue, ValidationError

from junco.client.asked import Form
from junco.contract.catalogue import METHODS, CheckName
from junco.contract.errors import BadInput, InvalidPlan
from junco.contract.images import PreprocessingRequest, PresetName
from junco.contract.randomization import ConventionName, RandomizationRequest, TargetPolicy
from junco.contract.request import MethodRequest, Shift

_T = TypeVar("_T")
_TOP_LEVEL_COMMA = re.compile(r",(?![^\[]*\])")


def methods(texts: Sequence[str]) -> tuple[MethodRequest, ...]:
    """Methods from ``name``, ``name:key=value,key=value``, ``name@check``, or several with commas between.

    Raises ``InvalidPlan``.
    """
    found = tuple(_method(text) for given in texts for text in _split(given))
    return _some(found, texts, "method", METHODS)


def checks(texts: Sequence[str]) -> tuple[CheckName, ...]:
    """Checks by name, commas between; raises ``InvalidPlan``."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    for name in names:
        if name not in list(CheckName):
            raise _unknown("check", name, CheckName)
    return _some(tuple(CheckName(name) for name in names), texts, "check", CheckName)


def preprocessing(text: str | None) -> PreprocessingRequest:
    """A preset by name, with fields to override: ``imagenet:resize=256,mean=[0.5,0.5,0.5]``; raises ``InvalidPlan``."""
    if not text:
        return PreprocessingRequest()
    name, fields = _named(text)
    if name and name not in list(PresetName):
        raise _unknown("preset", name, PresetName)
    try:
        return PreprocessingRequest.model_validate({"preset": name or None, **fields})
    except ValidationError as error:
        known = ", ".join(name for name in PreprocessingRequest.model_fields if name != "preset")
        raise _invalid(error, f"The preset {text!r} is not valid.", expected=f"KEY=VALUE of {known}") from error


def convention(text: str) -> Form:
    """A convention by name, with fields to override: ``adebayo_code:order=independent,target_policy=fixed``; raises
    ``InvalidPlan``."""
    name, fields = _named(text)
    if name not in list(ConventionName):
        raise _unknown("convention", name, ConventionName)
    target = fields.pop("target_policy", None)
    if target is not None and target not in list(TargetPolicy):
        raise InvalidPlan("The target policy is not valid.", expected=", ".join(TargetPolicy), found=str(target))
    try:
        changed = RandomizationRequest.model_validate(fields)
    except ValidationError as error:
        known = ", ".join((*RandomizationRequest.model_fields, "target_policy"))
        raise _invalid(error, f"The convention {text!r} is not valid.", expected=f"KEY=VALUE of {known}") from error
    return Form(ConventionName(name), changed, TargetPolicy(target) if isinstance(target, str) else None)


def input_shape(text: str | None) -> tuple[int, int, int] | None:
    """Channels, height and width from ``3x224x224``; raises ``BadInput``."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})[x,]([1-9]\d{0,4})[x,]([1-9]\d{0,4})", text)
    if found is None:
        raise BadInput("The input shape cannot be read.", expected="CHANNELSxHEIGHTxWIDTH: 3x224x224", found=text)
    return int(found[1]), int(found[2]), int(found[3])


def shift(text: str) -> Shift | tuple[Shift, ...]:
    """A number, ``range``, ``checkerboard`` or ``image``, or several with commas between; raises ``BadInput``."""
    found = tuple(_shift(part.strip()) for part in text.split(","))
    if len(set(found)) < len(found):
        raise BadInput("A shift is asked for twice.", expected="each shift once", found=text)
    return found[0] if len(found) == 1 else found


_NAMED: dict[str, Shift] = {"range": "range", "checkerboard": "checkerboard", "image": "image"}


def _shift(text: str) -> Shift:
    if text in _NAMED:
        return _NAMED[text]
    with contextlib.suppress(ValueError):
        if (number := float(text)) and math.isfinite(number):
            return number
    expected = "a number other than zero, 'range', 'checkerboard' or 'image'"
    raise BadInput("The shift cannot be read.", expected=expected, found=text)


def target(text: str) -> int | Literal["predicted"]:
    """A class index, or ``predicted``; raises ``BadInput``."""
    if text == "predicted":
        return "predicted"
    if not re.fullmatch(r"\d{1,9}", text):
        raise BadInput("The target cannot be read.", expected="a class index, or 'predicted'", found=text)
    return int(text)


def labels(text: str | None) -> tuple[int, ...] | None:
    """Class numbers, one an image: ``3,1,4``, or a file of them, as JSON or one a line; raises ``BadInput``."""
    if text is None:
        return None
    said = text
    with contextlib.suppress(OSError, UnicodeDecodeError):  # a long list is no name that a file could have
        said = Path(text).read_text() if Path(text).is_file() else text
    words = re.findall(r"[^\s,\[\]]+", said)
    if not words or not all(re.fullmatch(r"\d{1,9}", word) for word in words):
        raise BadInput("The labels cannot be read.", expected="whole numbers, or a file of them", found=said[:60])
    return tuple(int(word) for word in words)


def tags(texts: Sequence[str]) -> dict[str, str]:
    """The caller's tags from ``key=value``; raises ``BadInput``."""
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise BadInput("A tag cannot be read.", expected="KEY=VALUE", found=key)
    return {key: value for key, _, value in pairs}


def _split(text: str) -> list[str]:
    """Parts between commas, where ``steps=32`` belongs to the method before it."""
    parts: list[str] = []
    for piece in _TOP_LEVEL_COMMA.split(text):
        if parts and "=" in piece.split(":")[0]:
            parts[-1] += "," + piece
        elif piece.strip():
            parts.append(piece.strip())
    return parts


def _method(text: str) -> MethodRequest:
    body, at, restricted = text.partition("@")
    name, parameters = _named(body)
    if name not in METHODS:
        raise _unknown("method", name, METHODS)
    asked: dict[str, Any] = {"method": name, "parameters": parameters}
    if at:
        asked["checks"] = checks(restricted.split("+"))
    try:
        return MethodRequest.model_validate(asked)
    except ValidationError as error:
        raise _invalid(error, f"The method {text!r} is not valid.", remedy=f"See junco catalogue {name}.") from error


def _named(text: str) -> tuple[str, dict[str, JsonValue]]:
    name, _, rest = text.partition(":")
    pairs = [piece.partition("=") for piece in _TOP_LEVEL_COMMA.split(rest) if piece]
    for key, equals, _ in pairs:
        if not equals:
            raise InvalidPlan(f"{text!r} cannot be read.", expected="NAME:KEY=VALUE,KEY=VALUE", found=key)
    return name.strip(), {key.strip(): _value(value) for key, _, value in pairs}


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _invalid(
    error: ValidationError, detail: str, *, expected: str | None = None, remedy: str | None = None
) -> InvalidPlan:
    first = error.errors()[0]
    where, said = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
    return InvalidPlan(detail, expected=expected, found=f"{where}: {said}" if where else said, remedy=remedy)


def _unknown(kind: str, name: str, known: Iterable[str]) -> InvalidPlan:
    near = get_close_matches(name, list(known), n=3)
    remedy = f"Near matches: {', '.join(near)}." if near else None
    return InvalidPlan(f"There is no {kind} {name!r}.", expected=", ".join(known), found=name, remedy=remedy)


def _some(found: tuple[_T, ...], said: Sequence[str], kind: str, known: Iterable[str]) -> tuple[_T, ...]:
    """What was found, unless words were given and none of them names anything: the usual ones were not meant."""
    if said and not found:
        raise InvalidPlan(f"No {kind} is named.", expected=f"some of {', '.join(known)}", found=repr(",".join(said)))
    return found
