"""What was found, drawn: small PNG files for docs/replication.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.replicate.curves import PRINTED, maps
from benchmarks.replicate.work import Found

_WORDS = {"pass": "tab:green", "fail": "tab:red", "inconclusive": "tab:gray"}
SHOWN: Mapping[str, tuple[str, ...]] = {
    "cnn": ("gradient", "guided_backprop", "grad_cam", "input_x_gradient"),
    "mlp": ("gradient", "guided_backprop"),
}
"""Maps that are drawn, by network."""
Axes = Any


def drawn(found: Mapping[str, Found]) -> Iterator[tuple[str, bytes]]:
    """Every picture whose figures are there, by name."""
    if {"curves_cnn", "curves_mlp"} <= found.keys():
        yield "curves", _png(lambda figure: _curves(figure, found))
        yield "maps", _png(_maps)
    if "rates" in found:
        yield "power", _png(lambda figure: _power(figure, found["rates"]))
    if "coverage" in found:
        yield "coverage", _png(lambda figure: _coverage(figure, found["coverage"]))
    if "bars" in found:
        yield "bars", _png(lambda figure: _bars(figure, found["bars"]))


def _png(draw: Callable[[Figure], None]) -> bytes:
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=80, metadata={"Software": None})
    return buffer.getvalue()


def _curves(figure: Figure, found: Mapping[str, Found]) -> None:
    """Both networks, both views; crosses are what the authors printed."""
    figure.set_size_inches(10, 7)
    axes = figure.subplots(2, 2, sharex=True, sharey="col")
    for row, name in enumerate(("cnn", "mlp")):
        for column, view in enumerate(("abs", "signed")):
            _curve(axes[row, column], name, view, found[f"curves_{name}"])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)


def _curve(axes: Axes, name: str, view: str, found: Found) -> None:
    for i, (label, row) in enumerate(found["methods"].items()):
        colour = f"C{list(PRINTED['cnn']).index(label)}"
        layers = [point["layers"] for point in row[view]]
        axes.plot(layers, [point["mean"] for point in row[view]], color=colour, marker=".", label=label)
        if view == "abs":
            axes.plot(layers, PRINTED[name][label], "x", color=colour, label="printed, MNIST" if i == 0 else None)
    axes.set(title=f"{name.upper()}, {view}", xlabel="layers drawn anew, from the output", ylabel="Spearman")
    axes.set_xticks(layers)
    axes.axhline(0, color="black", linewidth=0.5)


def _maps(figure: Figure) -> None:
    """Magnitudes of one picture's maps while layers are drawn anew, from the output."""
    rows = [(name, label) for name, labels in SHOWN.items() for label in labels]
    figure.set_size_inches(7, 1.35 * len(rows))
    for line, (name, label) in zip(figure.subplots(len(rows), 5), rows, strict=True):
        for stage, (axes, values) in enumerate(zip(line, maps(name, label), strict=True)):
            axes.imshow(np.abs(values), cmap="gray_r", vmin=0, vmax=np.percentile(np.abs(values), 99.5))
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"{stage} layers" if stage else "trained", fontsize=8)
        line[0].set_ylabel(f"{name.upper()}\n{label}".replace("_", " "), fontsize=7)


def _power(figure: Figure, found: Found) -> None:
    """Share of each word by true kappa, one panel a profile."""
    panels = figure.subplots(1, len(found["power"]), sharey=True)
    for axes, (size, by_effect) in zip(panels, found["power"].items(), strict=True):
        for word, colour in _WORDS.items():
            axes.plot([float(e) for e in by_effect], [r[word] for r in by_effect.values()], color=colour, label=word)
        for tau in (0.25, 0.5):
            axes.axvline(tau, color="black", linewidth=0.5, linestyle=":")
        axes.set(title=size, xlabel="true kappa, at every depth in both arms")
    panels[0].set_ylabel("share of methods")
    panels[0].legend(fontsize=8)


def _coverage(figure: Figure, found: Found) -> None:
    """Dots: the two-way interval; crosses: an interval over images alone."""
    axes = figure.subplots()
    for i, (name, row) in enumerate(found["tables"].items()):
        for key, marker in (("coverage", "o"), ("images_only", "x")):
            values = [sample[key] for sample in row["samples"].values()]
            places = [j + (i - len(found["tables"]) / 2) / 20 for j in range(len(values))]
            axes.plot(places, values, marker, color=f"C{i}", label=name if key == "coverage" else None)
    axes.set_xticks(range(len(row["samples"])), list(row["samples"]))
    axes.axhline(0.95, color="black", linewidth=0.5)
    axes.set(xlabel="images x seeds", ylabel="share of 95 % intervals that hold the truth")
    axes.legend(fontsize=7, ncols=2)


def _bars(figure: Figure, found: Found) -> None:
    """Similarity of maps of two networks that learned the same, and of one that learned permuted labels.

    A constant map has none.
    """
    axes = figure.subplots()
    rows = {label: row for label, row in found["methods"].items() if row["twin"][0] is not None}
    _bar_pair(axes, [(r["twin"], r["twin_floor"]) for r in rows.values()], "true labels, true labels again", 0)
    _bar_pair(axes, [(r["permuted"], r["floor"]) for r in rows.values()], "true labels, permuted labels", 1)
    names = [label.partition("(")[0].replace("_", "\n") for label in rows]
    axes.set_xticks(range(len(rows)), names, fontsize=7)
    axes.set_ylabel("similarity of maps; black: of different images")
    axes.legend(fontsize=8)


def _bar_pair(axes: Axes, values: Sequence[tuple[list[float], float]], label: str, side: int) -> None:
    places = [i + 0.4 * (side - 0.5) for i in range(len(values))]
    spread = [[mean - low for (mean, low, _), _ in values], [high - mean for (mean, _, high), _ in values]]
    axes.bar(places, [mean for (mean, _, _), _ in values], 0.38, yerr=spread, label=label, color=f"C{side}")
    axes.plot(places, [floor for _, floor in values], "k_", markersize=14)
