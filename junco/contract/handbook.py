"""Writes docs/methods.md to stdout: the catalogue as a page, so that code and document cannot part."""

import sys
import textwrap
from collections.abc import Iterable, Iterator

from junco.contract.catalogue import CHECKS, METHODS, CheckCard, Control, MethodCard
from junco.contract.catalogue.records import REFERENCES
from junco.contract.caveats import SENTENCES
from junco.contract.facts import facts, parameters
from junco.contract.images import Preprocessing, PreprocessingRequest, PresetName, preprocessing
from junco.contract.profile import PROFILES, Profile
from junco.contract.resources import CatalogueMethod, shown

_HEAD = """\
# Methods, controls, checks, profiles

Generated from `junco/contract/` by `make docs`; edit the code, not this page. How these become verdicts is in
[verdicts.md](verdicts.md). `junco catalogue` and `GET /v1/catalogue` say the same to people and to programs.

Verdicts on reference models are what `make records` last measured, at each method's defaults unless they
say otherwise: {references}. They are evidence about these models, not a promise about yours.

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
        _section("Methods", map(_card, methods)),
        _section("Controls", map(_card, controls)),
        _section("Checks", map(_card, CHECKS.values())),
        _section("Profiles", [_profiles()]),
        _section("Preprocessing presets", [_presets()]),
        _section("Caveats", ["\n".join(_item(f"`{caveat}`", said) for caveat, said in SENTENCES.items())]),
    ]
    return "\n".join(parts)


def _section(title: str, blocks: Iterable[str]) -> str:
    return "\n".join([f"## {title}\n", *(f"{block}\n" for block in blocks)])


def _card(card: MethodCard | CheckCard) -> str:
    told = shown(card)
    listed = "\n".join(_item(name, said) for name, said in facts(told).items())
    said = textwrap.fill(f"{told.title}. {told.summary}", _WIDTH)
    known = parameters(told) if isinstance(told, CatalogueMethod) else ()
    rows = [(f"`{p.name}`", p.allowed, p.default, p.meaning) for p in known]
    table = "\n\n" + _table(("parameter", "allowed", "default", "meaning"), rows) if rows else ""
    return f"### `{told.name}`\n\n{said}\n\n{listed}{table}"


def _item(name: str, said: str) -> str:
    return textwrap.fill(f"- {name}: {said}", _WIDTH, subsequent_indent="  ")


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
