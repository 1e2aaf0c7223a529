"""The report: one self-contained page that a person can read in a minute."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from junco.audit.render.answer import answer, preflights
from junco.audit.render.beside import beside, random_part, sequence
from junco.audit.render.figures import check_of, figures, number, parts
from junco.audit.render.glances import glances
from junco.contract.catalogue import CHECKS
from junco.contract.caveats import SENTENCES
from junco.contract.outcome import Caveat, CheckOutcome, Outcome, sentence
from junco.contract.statistics import DepthStatistics, RandomizationStatistics

_LOW, _HIGH = -0.25, 1.05
"""Range of kappa on the report's axis."""


@dataclass(frozen=True)
class Caution:
    """A caveat's sentence, and whose it is: methods by check, or the whole job's where there is none."""

    said: str
    whose: Mapping[str, tuple[str, ...]]


def report_html(
    outcome: Outcome, pictures: Mapping[str, bytes], curves: Mapping[str, str], *, captions: Mapping[str, str]
) -> str:
    """The page for ``outcome``; ``pictures`` are PNG and ``captions`` words by artifact name, ``curves`` inline SVG."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        outcome=outcome,
        judged=outcome.methods or outcome.controls,
        answer=answer(outcome),
        checks=CHECKS,
        cautions=cautions(outcome),
        preflight=(*preflights(outcome, holds=False), *preflights(outcome, holds=True)),
        thresholds=outcome.plan.profile.thresholds,
        pictures={name: _inline(data) for name, data in pictures.items()},
        widths={name: _width(data) for name, data in pictures.items()},
        curves=curves,
        captions=captions,
    )


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _width(png: bytes) -> int:
    """Width in points: pictures are drawn for screens of twice the density."""
    return int.from_bytes(png[16:20], "big") // 2


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("junco.audit.render"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters |= {
        "axis": axis,
        "breakable": breakable,
        "beside": beside,
        "check_of": check_of,
        "depth_rows": depth_rows,
        "figures": figures,
        "glances": glances,
        "number": number,
        "parts": parts,
        "random_part": random_part,
        "sentence": sentence,
        "sequence": sequence,
    }
    return found


def breakable(label: str) -> Markup:
    """A method's label, which a narrow column may break behind its separators and nowhere else."""
    return Markup(re.sub(r"([_,(])", r"\1<wbr>", str(escape(label))))  # noqa: S704 - escaped before


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


def cautions(outcome: Outcome) -> tuple[Caution, ...]:
    """Each caveat once: the job's own, then those of methods."""
    found: dict[Caveat, dict[str, list[str]]] = {caveat: {} for caveat in outcome.caveats}
    for method in outcome.methods or outcome.controls:
        for check in method.checks:
            for caveat in check.caveats:
                found.setdefault(caveat, {}).setdefault(CHECKS[check.check].title, []).append(method.label)
    return tuple(
        Caution(SENTENCES[caveat], {check: tuple(labels) for check, labels in whose.items()})
        for caveat, whose in found.items()
    )
