"""Pictures of faithfulness: the class's probability as pixels go and come back, in each order."""

from collections.abc import Iterator

import numpy as np

from junco.audit.checks.faithfulness import RANDOM
from junco.audit.pipeline.drawing import Artifact, Sketch, draws, folder
from junco.audit.pipeline.merge import column, count
from junco.audit.render import CurveData, curves_png
from junco.audit.verdict import Table, spread
from junco.contract.catalogue import CheckName, Control, Fill
from junco.contract.plan import ShardKind

_TITLES = {"deletion": "Pixels are deleted, the marked ones first", "insertion": "Pixels come back, the marked first"}
_CAPTIONS = {"deletion": "Lower is better", "insertion": "Higher is better"}
_FILLED = {Fill.MEAN: "filled with the mean", Fill.BLUR: "filled with the blurred photo"}


@draws(CheckName.FAITHFULNESS)
def pictures(sketch: Sketch) -> Iterator[Artifact]:
    """Curves of all methods for each fill and direction, beside random order and that of edges."""
    pieces, where = sketch.pieces(ShardKind.FAITHFULNESS), folder(CheckName.FAITHFULNESS)
    over = f"Means and 95 % intervals over {count(pieces)} images."
    methods = [m for m in sketch.plan.methods_of(CheckName.FAITHFULNESS) if m.requested]
    orders: dict[str, tuple[str, ...]] = {m.label: (m.label,) for m in methods if not m.control}
    orders |= {"edges": (Control.EDGE_DETECTOR.value,), "random order": (RANDOM, "0")}
    for fill in Fill:
        for name, title in _TITLES.items():
            lines = [_line(label, column(pieces, (*key, fill.value, name))) for label, key in orders.items()]
            caption = f"{_CAPTIONS[name]}; pixels are {_FILLED[fill]}. {over}"
            png = curves_png(lines, title=f"{title} ({fill.value})", y_label="probability of the class")
            yield Artifact(f"{where}/{name}-{fill.value}.png", png, caption)


def _line(label: str, curves: Table) -> CurveData:
    shares = [f"{k / (curves.shape[1] - 1):.0%}" for k in range(curves.shape[1])]
    found = [spread(curves[:, k : k + 1]) for k in range(curves.shape[1])]
    return CurveData(
        label=label,
        x=tuple(shares),
        mean=tuple(float(np.mean(curves[:, k])) for k in range(curves.shape[1])),
        lower=tuple(max(0.0, t.lower(0.025)) if t else float("nan") for t in found),
        upper=tuple(min(1.0, t.upper(0.025)) if t else float("nan") for t in found),
    )
