"""Outcomes, models and lists as tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from junco.client.streams import Console
from junco.contract.catalogue import Verdict
from junco.contract.facts import facts, parameters
from junco.contract.model import LayerReport, ModelReport, TensorSpec
from junco.contract.outcome import MethodOutcome, Outcome, sentence
from junco.contract.resources import CatalogueCheck, CatalogueMethod

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.INVALID: "magenta",
    Verdict.NOT_RUN: "dim",
}


def console(*, stderr: bool = False) -> Console:
    """Where people read: as wide as their terminal, and wide enough for whole sentences in a log."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=240)


def show_outcome(outcome: Outcome, console: Console) -> None:
    """A verdict a method and check, each with its one-sentence reason, and the word over all."""
    rows = [row for method in outcome.methods or outcome.controls for row in _rows(method)]
    console.print(_table(("method", "check", "verdict", "why"), rows))
    for method in (control for control in outcome.controls if control.surprising):
        console.print(Text(f"control {method.label}: {method.verdict.value}, expected {method.expected}", "magenta"))
    for caveat in outcome.caveats:
        console.print(Text(f"caveat: {caveat.value}", "yellow"))
    console.print(Text.assemble(word(outcome.verdict), f": {outcome.summary.removeprefix(f'{outcome.verdict}: ')}"))


def show_card(card: CatalogueMethod | CatalogueCheck, console: Console) -> None:
    """All that the catalogue tells of one method, control or check."""
    told = {"Name": card.name.value, "Title": card.title, "Summary": card.summary, **facts(card)}
    console.print(_pairs((_bare(name), Text(_bare(said))) for name, said in told.items()))
    given = parameters(card) if isinstance(card, CatalogueMethod) else ()
    if given:
        rows = [(p.name, _bare(p.default), _bare(p.allowed), p.meaning) for p in given]
        console.print(_table(("parameter", "default", "allowed", "meaning"), rows))


def _bare(text: str) -> str:
    """As people read it who do not read markdown."""
    return text.replace("`", "")


def show_report(report: ModelReport, console: Console) -> None:
    """What inspection found of a model: what it is, its layers, who can explain it, what to know."""
    console.print(_pairs(_facts(report)))
    layers = [(str(i), layer.name, layer.kind, *_size(layer)) for i, layer in enumerate(report.layers, 1)]
    console.print(_section(f"{len(layers)} layers, input first"))
    console.print(_table(("", "layer", "kind", "shape", "parameters"), layers))
    console.print(_section("methods"))
    able = [name for name, found in report.methods.items() if found.available]
    console.print(Text("available: " + (", ".join(able) or "none")))
    unable: dict[str, list[str]] = {}
    for name, found in report.methods.items():
        if not found.available:
            unable.setdefault(found.reason or "", []).append(name)
    if unable:
        console.print(_table(("not available", "why"), [(", ".join(names), why) for why, names in unable.items()]))
    if report.cautions:
        console.print(_section("to know"))
        told = [
            (Text(c.name.value, "yellow"), f"{c.detail[:1].upper()}{c.detail[1:]}. {c.meaning}")
            for c in report.cautions
        ]
        console.print(_table(("warning", "what it means"), told))


def _facts(report: ModelReport) -> Iterator[tuple[str, Text]]:
    yield "model", Text(report.id)
    yield "format", Text(f"{report.format}{_versions(report)}, {report.producer}, {report.size:,} bytes")
    for kind, specs in (("input", report.inputs), ("output", report.outputs)):
        for spec in specs:
            explained = ", explained" if spec.name == report.output and len(specs) > 1 else ""
            yield kind, Text(f"{spec.name}: {_sides(spec)} {spec.dtype}{explained}")
    yield "classes", Text(str(report.classes))
    yield "parameters", Text(f"{report.parameters:,}, {report.coverage.fraction:.1%} within reach of randomisation")
    yield "activations", Text(_counted(report.activations))
    yield "norms", Text(_counted(report.norms))
    if report.executor != "graph":
        yield "executor", Text(report.executor, "yellow")
    for probe in report.parity:
        word = Text("within" if probe.within else "NOT within", "green" if probe.within else "bold red")
        off = f"off by {probe.max_relative:.1g} of the largest answer, "
        yield "parity", Text.assemble(f"{probe.probe}: {off}", word, f" {probe.tolerance:.1g}")


def _versions(report: ModelReport) -> str:
    if report.opset is not None:
        return f" opset {report.opset}, IR {report.ir_version}"
    return "" if report.archive_version is None else f" archive version {report.archive_version}"


def _sides(spec: TensorSpec) -> str:
    sides = " x ".join("n" if side is None else str(side) for side in spec.shape)
    return f"{sides} ({spec.layout})" if spec.layout else sides


def _size(layer: LayerReport) -> tuple[str, str]:
    return "x".join(map(str, layer.shape)), f"{layer.parameters:,}"


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"


def _section(title: str) -> Text:
    return Text(f"\n{title}", "bold")


def _pairs(facts: Iterable[tuple[str, Text]]) -> Table:
    """Names and facts; a name that comes again is left out."""
    table, last = Table.grid(padding=(0, 2)), ""
    for name, fact in facts:
        table.add_row(Text("" if name == last else name, "bold"), fact)
        last = name
    return table


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], console: Console) -> None:
    """A plain table."""
    console.print(_table(columns, rows))


def show_files(paths: Iterable[Path], console: Console) -> None:
    """Where things were written."""
    for path in paths:
        console.print(Text(f"wrote {path}"), soft_wrap=True)


def word(verdict: Verdict) -> Text:
    """A verdict in its colour."""
    return Text(verdict.value, _STYLES[verdict])


def _rows(method: MethodOutcome) -> Iterable[tuple[str | Text, ...]]:
    for i, check in enumerate(method.checks):
        yield (
            (method.label if i == 0 else ""),
            check.check.value,
            word(check.verdict),
            sentence(check.summary, method.label),
        )
    if not method.checks:
        yield method.label, "", word(method.verdict), method.summary


def _table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        # The last one, which explains, may wrap; names may not, or they could not be copied.
        table.add_column(column, overflow="fold", no_wrap=i < len(columns) - 1)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table
