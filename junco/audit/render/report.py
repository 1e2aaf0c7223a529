"""The report: one self-contained page that a person can read in a minute."""

import base64
from collections.abc import Iterator, Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from junco.audit.render.beside import beside, random_part, sequence
from junco.contract.catalogue import CHECKS, METHODS, Verdict
from junco.contract.caveats import SENTENCES
from junco.contract.outcome import CheckOutcome, MethodOutcome, Outcome, sentence
from junco.contract.statistics import DepthStatistics, Interval, RandomizationStatistics

_LOW, _HIGH = -0.25, 1.05
"""Range of kappa on the report's axis."""


def report_html(
    outcome: Outcome, pictures: Mapping[str, bytes], curves: Mapping[str, str], *, captions: Mapping[str, str]
) -> str:
    """The page for ``outcome``; ``pictures`` are PNG and ``captions`` words by artifact name, ``curves`` inline SVG."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        outcome=outcome,
        methods=METHODS,
        checks=CHECKS,
        caveats=SENTENCES,
        thresholds=outcome.plan.profile.thresholds,
        pictures={name: "data:image/png;base64," + base64.b64encode(data).decode() for name, data in pictures.items()},
        curves=curves,
        captions=captions,
        Verdict=Verdict,
    )


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("junco.audit.render"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters |= {
        "axis": axis,
        "beside": beside,
        "random_part": random_part,
        "sequence": sequence,
        "depth_rows": depth_rows,
        "check_of": check_of,
        "figures": figures,
        "number": number,
        "sentence": sentence,
    }
    return found


def axis(kappa: float) -> float:
    """Place of ``kappa`` on the axis, in percent of its width."""
    return round(100 * (min(max(kappa, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW), 2)


def depth_rows(check: CheckOutcome) -> list[DepthStatistics]:
    """Statistics per depth and arm, the deciding ones first; none for checks without depths."""
    stats = check.statistics
    if not isinstance(stats, RandomizationStatistics):
        return []
    order = {"top": 0, "full": 1, "logit": 2}
    return sorted(stats.depths, key=lambda d: (order[d.depth.value], d.arm.value))


def check_of(method: MethodOutcome, name: str) -> CheckOutcome | None:
    """The method's outcome under a check, if it ran under it."""
    return next((c for c in method.checks if c.check == name), None)


def figures(check: CheckOutcome) -> list[tuple[str, str, str]]:
    """A check's single numbers: name, value, meaning; none for parameter_randomization, which has a table."""
    stats = check.statistics
    if stats is None or isinstance(stats, RandomizationStatistics):
        return []
    fields = type(stats).model_fields
    values = [(name, getattr(stats, name)) for name in fields if name != "check"]
    single = [(n.replace("_", " "), _shown(v), fields[n].description or "") for n, v in values if _single(v)]
    return single + [found for _, v in values if isinstance(v, tuple) for found in _effects(v)]


def _effects(parts: tuple[object, ...]) -> Iterator[tuple[str, str, str]]:
    """kappa of each part of a check's numbers, by the part's own name, which is its first field."""
    for part in parts:
        kappa = getattr(part, "kappa", None)
        if isinstance(part, BaseModel) and isinstance(kappa, Interval):
            name = getattr(part, next(iter(type(part).model_fields)))
            yield f"kappa, {name}", _shown(kappa), "1: nothing changed; 0: as unrelated as another image's map"


def _single(value: object) -> bool:
    return isinstance(value, str | int | float | Interval) and value != ""


def _shown(value: object) -> str:
    if isinstance(value, Interval):
        bounds = f" [{number(value.lower)}, {number(value.upper)}]" if value.lower is not None else ""
        return number(value.mean) + bounds
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text
