"""Similarity against stage of randomisation: a line with its interval for every method, named at the line's end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from junco.audit.render.text import elided, font

Dashes = str | tuple[float, tuple[float, ...]]

# Okabe & Ito's colours without the yellow, told apart by colour-blind eyes; then again with other dashes.
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")
_DASHES: tuple[Dashes, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))
_MUTED = "#666666"
_LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)}
_LABEL_GAP = 0.052  # of the axis height, between the names at the ends of lines


@dataclass(frozen=True)
class CurveData:
    """A method's mean and interval at each stage; NaN where there is none.

    Raises ``ValueError`` unless all are of one length.
    """

    label: str
    x: tuple[str, ...]
    mean: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = [len(part) for part in (self.x, self.mean, self.lower, self.upper)]
        if len(set(lengths)) != 1:
            raise ValueError(
                f"curve {self.label!r} needs a mean and an interval for every stage; found lengths {lengths}"
            )


def curves_png(curves: Sequence[CurveData], *, title: str, y_label: str, thresholds: Sequence[float] = ()) -> bytes:
    """PNG, for display at half size, of curves over the same stages, with dashed lines at ``thresholds``.

    Raises ``ValueError`` if there is no curve or no stage, or if the stages differ.
    """
    out = BytesIO()
    figure = _figure(curves, title, y_label, thresholds)
    figure.savefig(out, format="png", dpi=192, metadata={"Software": None})
    return out.getvalue()


def curves_svg(curves: Sequence[CurveData], *, title: str, y_label: str, thresholds: Sequence[float] = ()) -> bytes:
    """The same as SVG, with text as outlines, so that it needs no font."""
    out = BytesIO()
    figure = _figure(curves, title, y_label, thresholds)
    with matplotlib.rc_context({"svg.hashsalt": "junco", "svg.fonttype": "path"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _figure(curves: Sequence[CurveData], title: str, y_label: str, thresholds: Sequence[float]) -> Figure:
    _check(curves)
    stages = curves[0].x
    # Never pyplot: its figures are global and outlive the call.
    figure = Figure(figsize=(min(14.0, 5.2 + 0.5 * len(stages)), 4.4), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    _dress(axes, stages)
    axes.set_title(_literal(title, 600), loc="left", fontsize=12, fontweight="bold", pad=12)
    axes.set_ylabel(_literal(y_label, 250), fontsize=10)
    for place, curve in enumerate(curves):
        _draw(axes, curve, place)
    _limit(axes, curves, thresholds)
    for threshold in thresholds:
        _mark(axes, threshold)
    _name_ends(axes, curves)
    return figure


def _check(curves: Sequence[CurveData]) -> None:
    if not curves or not curves[0].x:
        raise ValueError("there is no curve with a stage to draw: pass at least one")
    for curve in curves:
        if curve.x != curves[0].x:
            raise ValueError(f"curves share their stages; {curve.label!r} has {curve.x}, the first one {curves[0].x}")


def _dress(axes: Axes, stages: tuple[str, ...]) -> None:
    names = [_literal(stage, 110) for stage in stages]
    crowded = max(map(len, names)) * len(names) > 70
    axes.set_xticks(range(len(stages)), names, fontsize=9)
    if crowded:
        for name in axes.get_xticklabels():
            name.set(rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0, labelsize=9, colors="#333333")
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#999999")


def _draw(axes: Axes, curve: CurveData, place: int) -> None:
    colour, dashes = _look(place)
    stages = range(len(curve.x))
    axes.fill_between(stages, curve.lower, curve.upper, color=colour, alpha=0.16, linewidth=0)
    axes.plot(stages, curve.mean, color=colour, linestyle=dashes, linewidth=1.8, marker="o", markersize=4)


def _look(place: int) -> tuple[str, Dashes]:
    return _PALETTE[place % len(_PALETTE)], _DASHES[place // len(_PALETTE) % len(_DASHES)]


def _limit(axes: Axes, curves: Sequence[CurveData], thresholds: Sequence[float]) -> None:
    drawn = [value for curve in curves for value in (*curve.mean, *curve.lower, *curve.upper)]
    finite = [value for value in (*drawn, *thresholds, 0.0, 1.0) if math.isfinite(value)]
    room = 0.04 * (max(finite) - min(finite))
    axes.set_ylim(min(finite) - room, max(finite) + room)
    axes.set_xlim(-0.15, len(curves[0].x) - 0.9)


def _mark(axes: Axes, threshold: float) -> None:
    axes.axhline(threshold, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"τ = {threshold:.2f}", (0, threshold), xycoords=("axes fraction", "data"), xytext=(2, 2),
        textcoords="offset points", fontsize=8, color=_MUTED,
    )  # fmt: skip


def _name_ends(axes: Axes, curves: Sequence[CurveData]) -> None:
    """Each line's name beside its last point, moved apart where they would touch."""
    low, high = axes.get_ylim()
    ends = [(_last(curve), place) for place, curve in enumerate(curves)]
    shares = [((y if y is not None else low) - low) / (high - low) for y, _ in ends]
    for share, (y, place) in zip(spread(shares, _LABEL_GAP), ends, strict=True):
        text = _literal(curves[place].label, 200) + ("" if y is not None else " (undefined)")
        anchor = (1.0, y if y is not None else low)
        axes.annotate(
            text, anchor, xycoords=("axes fraction", "data"), xytext=(1.025, share), textcoords="axes fraction",
            fontsize=9, va="center", color=_look(place)[0], annotation_clip=False,
            arrowprops=_LEADER | {"color": _look(place)[0]},
        )  # fmt: skip


def _literal(text: str, width: float) -> str:
    """``text`` as matplotlib draws it letter by letter, not as a formula, within ``width`` pixels."""
    return elided(text, font(10), width).replace("$", r"\$")


def _last(curve: CurveData) -> float | None:
    """The last mean that is a number."""
    finite = [value for value in curve.mean if math.isfinite(value)]
    return finite[-1] if finite else None


def spread(places: Sequence[float], gap: float) -> list[float]:
    """``places`` in [0, 1] moved as little as possible to be ``gap`` apart, in their order.

    Places that crowd each other move apart about their mean; those beyond 0 or 1 are then pushed back inside, from
    the top last. Where there is no room for all, the lowest leave the range.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = dict(zip(order, _apart([places[i] for i in order], gap), strict=True))
    floor, ceiling = 0.0, 1.0
    for i in order:
        moved[i] = max(moved[i], floor)
        floor = moved[i] + gap
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    return [moved[i] for i in range(len(places))]


def _apart(ascending: list[float], gap: float) -> list[float]:
    """Least-squares places at least ``gap`` apart: isotonic regression, pooling the places that crowd each other."""
    pools: list[tuple[float, int]] = []  # mean of place - gap * rank, and how many
    for rank, place in enumerate(ascending):
        mean, count = place - gap * rank, 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, count = (mean * count + before * many) / (count + many), count + many
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return [mean + gap * rank for rank, mean in enumerate(means)]
