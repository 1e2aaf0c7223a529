"""Writes docs/methods.md to stdout: the catalogue as a page, so that code and document cannot part."""

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from junco.contract.base import Frozen
from junco.contract.catalogue import CHECKS, METHODS, CheckCard, CheckName, Control, MethodCard, Verdict
from junco.contract.catalogue.records import REFERENCES, record
from junco.contract.caveats import SENTENCES
from junco.contract.images import Preprocessing, PreprocessingRequest, PresetName, preprocessing
from junco.contract.profile import PROFILES, Profile

_HEAD = """\
# Methods, controls, checks, profiles

Generated from `junco/contract/` by `make docs`; edit the code, not this page. How these become verdicts is in
[verdicts.md](verdicts.md). `junco catalogue` and `GET /v1/catalogue` say the same to people and to programs.

Verdicts on reference models are what `make records` last measured, at each method's defaults: {references}.
They are evidence about these models, not a promise about yours.

In formulas, z_c is the logit of the explained class, x the image in model input space, A the raw map. A `signed` map
is compared after summing its channels, an `unsigned` one as it is. Ranges are inclusive unless they say otherwise.
"""
_WIDTH = 120
_SHOWN = (3, 224, 224)
"""Presets are shown as they come out for images of this shape."""


def _head() -> str:
    references = "; ".join(f"`{name}`, {said}" for name, said in REFERENCES.items())
    paragraphs = _HEAD.format(references=references).split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(p.split()), _WIDTH) for p in paragraphs) + "\n"


def page() -> str:
    """The whole page as markdown."""
    methods = [card for card in METHODS.values() if not isinstance(card.name, Control)]
    controls = [card for card in METHODS.values() if isinstance(card.name, Control)]
    parts = [
        _head(),
        _section("Methods", map(_method, methods)),
        _section("Controls", map(_method, controls)),
        _section("Checks", map(_check, CHECKS.values())),
        _section("Profiles", [_profiles()]),
        _section("Preprocessing presets", [_presets()]),
        _section("Caveats", ["\n".join(_item(f"`{caveat}`", said) for caveat, said in SENTENCES.items())]),
    ]
    return "\n".join(parts)


def _section(title: str, blocks: Iterable[str]) -> str:
    return "\n".join([f"## {title}\n", *(f"{block}\n" for block in blocks)])


def _method(card: MethodCard) -> str:
    facts = {
        "Formula": f"`{card.formula}`",
        "View": card.view.value,
        "Repeats itself": "yes" if card.deterministic else "no, it has randomness of its own",
        "Cost per image": card.cost,
        "Needs": "a model that can be differentiated" if card.gradients else "the model's answers only",
    }
    if isinstance(card.name, Control) and not card.gradients:
        facts["Needs"] = "nothing of the model"
    if card.source != "control":
        facts["Source"] = card.source
    if card.blind_spots is not None:
        facts["Blind spots"] = card.blind_spots
    if card.expected is not None:
        facts["Expected under parameter_randomization"] = f"`{card.expected}`"
    if not isinstance(card.name, Control):
        facts |= {f"Judged on `{model}`": _on(model, card) for model in REFERENCES}
    listed = "\n".join(_item(name, said) for name, said in facts.items())
    said = textwrap.fill(f"{card.title}. {card.summary}", _WIDTH)
    return f"### `{card.name}`\n\n{said}\n\n{listed}" + _parameters(card.parameters)


def _on(model: str, card: MethodCard) -> str:
    """What a method's verdicts were on a reference model, or what keeps them from being measured."""
    checks: Mapping[CheckName, Verdict] = record(card.name).get(model, {})
    if not checks:
        return f"not measured: passes for every map, {card.parameters().passes(_SHOWN)}"
    return ", ".join(f"{check} {verdict.replace('_', ' ')}" for check, verdict in checks.items())


def _check(card: CheckCard) -> str:
    said = textwrap.fill(f"{card.title}. {card.question} {card.summary}", _WIDTH)
    return f"### `{card.name}`\n\n{said}\n\n{_item('Source', card.source)}"


def _item(name: str, said: str) -> str:
    return textwrap.fill(f"- {name}: {said}", _WIDTH, subsequent_indent="  ")


def _parameters(model: type[Frozen]) -> str:
    schema = model.model_json_schema().get("properties", {})
    rows = [
        (f"`{name}`", _allowed(field), _value(field.get("default")), field.get("description", ""))
        for name, field in schema.items()
    ]
    return "\n\n" + _table(("parameter", "allowed", "default", "meaning"), rows) if rows else ""


def _allowed(field: dict[str, Any]) -> str:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    return ", ".join(_kind(kind) for kind in kinds)


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    bounds = [f"{words} {field[key]}" for key, words in _BOUNDS.items() if key in field]
    return " ".join([str(field["type"]), *bounds])


_BOUNDS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def _value(value: object) -> str:
    return "none" if value is None else f"`{value}`"


def _profiles() -> str:
    profiles = list(PROFILES.values())
    head = ("", *(f"`{profile.name}`" for profile in profiles))
    sizes = [name for name in Profile.model_fields if name not in ("name", "thresholds")]
    rows = [(f"`{name}`", *(_plain(getattr(profile, name)) for profile in profiles)) for name in sizes]
    limits = [
        (f"`{name}`", *(_plain(getattr(profile.thresholds, name)) for profile in profiles))
        for name in type(profiles[0].thresholds).model_fields
    ]
    return f"{_table(head, rows)}\n\nThresholds, printed in every result:\n\n{_table(head, limits)}"


def _plain(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _presets() -> str:
    recipes = {name: preprocessing(PreprocessingRequest(preset=name), _SHOWN) for name in PresetName}
    rows = [
        (f"`{name}`", str(recipe.resize or "none"), recipe.interpolation, f"{recipe.scale:.6g}", *_scaling(recipe))
        for name, recipe in recipes.items()
    ]
    head = ("preset", "resize", "interpolation", "scale", "mean", "std")
    size = "x".join(map(str, _SHOWN[1:]))
    said = f"Model input is (pixel * scale - mean) / std; `resize` is the short side before a centre crop to {size}."
    return f"{said}\n\n{_table(head, rows)}"


def _scaling(recipe: Preprocessing) -> tuple[str, str]:
    mean, std = (" ".join(f"{value:g}" for value in values) for values in (recipe.mean, recipe.std))
    return mean, std


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _line(head)
    yield _line(("---",) * len(head))
    for row in rows:
        yield _line(row)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
