"""Outcome and kept maps -> pictures and the report."""

from collections.abc import Iterator, Mapping

from junco.audit.partial import Partial
from junco.audit.pipeline import (  # noqa: F401  # each registers what its check draws as it is imported
    class_pictures,
    faithfulness_pictures,
    fragility_pictures,
    label_pictures,
    manipulation_pictures,
    randomization_pictures,
    repeatability_pictures,
    shift_pictures,
    tampering_pictures,
)
from junco.audit.pipeline.drawing import DRAWINGS, Artifact, Pixels, Sketch, folder, slug
from junco.audit.render import CurveData, curves_png, curves_svg, photo_png
from junco.audit.render.report import report_html
from junco.contract.catalogue import CheckName
from junco.contract.outcome import CheckOutcome, Curve, MethodOutcome, Outcome


def draw(outcome: Outcome, partials: Mapping[int, Partial], shown: Pixels) -> tuple[Outcome, tuple[Artifact, ...]]:
    """All pictures, the report, and the outcome that names them; ``shown`` [k, H, W, 3] are the first images."""
    sketch = Sketch(outcome, partials, shown)
    pictures = [*_photos(shown), *_of_checks(sketch), *_curve_pictures(outcome)]
    named = _named(outcome, pictures)
    captions = {picture.name: picture.caption for picture in pictures}
    images = {picture.name: picture.data for picture in pictures}
    report = report_html(named, images, _inline_curves(outcome), captions=captions)
    return named, (*pictures, Artifact("report.html", report.encode()))


def _of_checks(sketch: Sketch) -> Iterator[Artifact]:
    for check in sketch.plan.checks:
        if check in DRAWINGS and sketch.plan.methods_of(check):
            yield from DRAWINGS[check](sketch)


def _photos(shown: Pixels) -> Iterator[Artifact]:
    for i, photo in enumerate(shown):
        yield Artifact(f"photos/{i}.png", photo_png(photo))


def _curve_pictures(outcome: Outcome) -> Iterator[Artifact]:
    for name, (curves, title, y_label) in _figures(outcome).items():
        yield Artifact(f"curves/{name}.png", curves_png(curves, title=title, y_label=y_label))


def _inline_curves(outcome: Outcome) -> dict[str, str]:
    return {
        name: curves_svg(curves, title=title, y_label=y_label).decode()
        for name, (curves, title, y_label) in _figures(outcome).items()
    }


def _figures(outcome: Outcome) -> dict[str, tuple[list[CurveData], str, str]]:
    maps = [_data(m.label, c) for m in (*outcome.methods, *outcome.controls) for c in _similarity(m)]
    run = next((r for r in outcome.checks if r.check is CheckName.PARAMETER_RANDOMIZATION), None)
    faith = [_data(_PREDICTIONS[c.name], c) for c in run.predictions] if run else []
    found = {
        "similarity": (maps, "Do the maps change as layers are randomised?", "similarity to the trained model's map"),
        "predictions": (faith, "Do the predictions change?", "share kept"),
    }
    return {name: figure for name, figure in found.items() if figure[0]}


_PREDICTIONS = {"same_class": "same predicted class", "class_probability": "probability of that class"}


def _similarity(method: MethodOutcome) -> list[Curve]:
    return [c for check in method.checks for c in check.curves if c.name == "similarity" and _has_values(c)]


def _has_values(curve: Curve) -> bool:
    return any(point.mean is not None for point in curve.points)


def _data(label: str, curve: Curve) -> CurveData:
    def column(*values: float | None) -> float:
        # Intervals of small samples reach past the range that a correlation or a share can have.
        return next((min(max(float(v), -1.0), 1.0) for v in values if v is not None), float("nan"))

    return CurveData(
        label=label,
        x=curve.layers,
        mean=tuple(column(p.mean) for p in curve.points),
        lower=tuple(column(p.lower, p.mean) for p in curve.points),
        upper=tuple(column(p.upper, p.mean) for p in curve.points),
    )


def _named(outcome: Outcome, pictures: list[Artifact]) -> Outcome:
    names = [picture.name for picture in pictures]

    def method(found: MethodOutcome) -> MethodOutcome:
        checks = tuple(check(found, c) for c in found.checks)
        return found.model_copy(update={"checks": checks})

    def check(found: MethodOutcome, c: CheckOutcome) -> CheckOutcome:
        common = [n for n in names if n.startswith(f"{folder(c.check)}/")]
        common += ["strip.png"] if c.check is CheckName.PARAMETER_RANDOMIZATION else []
        own = [n for n in names if n.startswith(f"maps/{slug(found.label)}/")]
        mine = tuple(n for n in (*own, *common) if n in names) if c.statistics else ()
        return c.model_copy(update={"artifacts": mine})

    return outcome.model_copy(
        update={
            "methods": tuple(map(method, outcome.methods)),
            "controls": tuple(map(method, outcome.controls)),
            "artifacts": (*names, "report.html"),
        }
    )
