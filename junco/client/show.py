"""Outcomes, models and lists as tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from junco.contract.catalogue import CheckName, Verdict
from junco.contract.model import ModelReport
from junco.contract.outcome import MethodOutcome, Outcome, sentence

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
    rows = [row for method in outcome.methods for row in _rows(method)]
    console.print(_table(("method", "check", "verdict", "why"), rows))
    odd = [method for method in outcome.controls if method.expected not in (None, _judged(method))]
    for method in odd:
        console.print(Text(f"control {method.label}: {method.verdict.value}, expected {method.expected}", "magenta"))
    for caveat in outcome.caveats:
        console.print(Text(f"caveat: {caveat.value}", "yellow"))
    console.print(Text.assemble(word(outcome.verdict), f": {outcome.summary.removeprefix(f'{outcome.verdict}: ')}"))


def show_report(report: ModelReport, console: Console) -> None:
    """What inspection found of a model."""
    console.print(Text(f"{report.id}\n{report.format}, {report.producer}, {report.parameters:,} parameters"))
    for title, specs in (("input", report.inputs), ("output", report.outputs)):
        for spec in specs:
            shape = "x".join("n" if side is None else str(side) for side in spec.shape)
            console.print(Text(f"{title} {spec.name}: {shape} {spec.dtype}"))
    layers = [
        (layer.name, layer.kind, f"{layer.parameters:,}", "x".join(map(str, layer.shape))) for layer in report.layers
    ]
    console.print(_table(("layer", "kind", "parameters", "shape"), layers))
    known = [(name, "yes" if found.available else "no", found.reason or "") for name, found in report.methods.items()]
    console.print(_table(("method", "available", "why not"), known))
    for probe in report.parity:
        within = "within" if probe.within else "NOT within"
        console.print(Text(f"parity on {probe.probe}: {probe.max_absolute:.2g}, {within} {probe.tolerance:.2g}"))
    console.print(Text(f"randomisation reaches {report.coverage.fraction:.1%} of the parameters"))
    for warning in report.warnings:
        console.print(Text(f"warning: {warning}", "yellow"), soft_wrap=True)


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


def _judged(method: MethodOutcome) -> Verdict | None:
    """A control's verdict under the one check for which it is known beforehand, if that has run."""
    kind = CheckName.PARAMETER_RANDOMIZATION
    return next((check.verdict for check in method.checks if check.check is kind), method.expected)


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
