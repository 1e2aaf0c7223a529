"""Small genuine messages for tests of the shelf and the service."""

from junco.contract.base import digest_of
from junco.contract.catalogue import METHODS, Control, Verdict
from junco.contract.images import ImageFile, ImageSet
from junco.contract.model import Availability, CoverageReport, LayerReport, ModelReport, TensorSpec
from junco.contract.outcome import CheckOutcome, Curve, ImagesSummary, MethodOutcome, ModelSummary, Outcome, Provenance
from junco.contract.plan import Plan, PlannedMethod
from junco.contract.profile import ProfileName
from junco.contract.request import PlanRequest
from junco.contract.statistics import Interval, ShiftStatistics

MODEL = digest_of(b"model")


def report(model: str = MODEL, *, shape: tuple[int, int, int] = (3, 32, 32)) -> ModelReport:
    """What inspection would say of a five-layer classifier."""
    layers = tuple(LayerReport(name=f"conv{i}", kind="conv", parameters=100, shape=(8, 3, 3, 3)) for i in range(5))
    return ModelReport(
        id=model,
        format="torchscript",
        producer="test",
        size=5,
        parameters=500,
        classes=10,
        inputs=(TensorSpec(name="x", shape=(None, *shape)),),
        outputs=(TensorSpec(name="y", shape=(None, 10)),),
        layers=layers,
        parity=(),
        coverage=CoverageReport(fraction=1.0),
        activations={"relu": 4},
        methods={name.value: Availability(available=True) for name in METHODS},
        spatial=("conv4",),
        cam_layer="conv4",
    )


def images(count: int = 24) -> ImageSet:
    """An image set whose bytes are nowhere."""
    return ImageSet.of(
        tuple(
            ImageFile(name=f"{i}.png", blob=digest_of(b"%d" % i), media_type="image/png", width=32, height=32)
            for i in range(count)
        )
    )


def request(model: str = MODEL, image_set: str | None = None, **changes: object) -> PlanRequest:
    """A quick plan on the model and images above."""
    fields = {"model": model, "images": image_set or images().id, "profile": ProfileName.QUICK, **changes}
    return PlanRequest.model_validate(fields)


def outcome(plan: Plan, verdict: Verdict = Verdict.PASS) -> Outcome:
    """An outcome with one method per plan entry, in the words of the contract."""
    found = report(plan.model)
    methods = tuple(_method(method, plan, verdict) for method in plan.methods)
    count = len(plan.selected)
    return Outcome(
        verdict=verdict,
        summary=f"Every method is {verdict.value}.",
        methods=tuple(m for m in methods if not isinstance(m.method, Control)),
        controls=tuple(m for m in methods if isinstance(m.method, Control)),
        checks=(),
        model=ModelSummary(
            id=plan.model,
            format=found.format,
            parameters=found.parameters,
            parity=(),
            coverage=found.coverage,
            layers=found.layers,
        ),
        images=ImagesSummary(
            id=plan.images,
            count=count,
            classes=1,
            predictions=(0,) * count,
            names=tuple(f"{i}.png" for i in range(count)),
        ),
        plan=plan,
        artifacts=("maps/gradient.png", "report.html"),
        provenance=Provenance(versions={"junco": "0"}, device="cpu", threads=1, sandbox="process"),
    )


def _method(method: PlannedMethod, plan: Plan, verdict: Verdict) -> MethodOutcome:
    checks = tuple(
        CheckOutcome(
            check=check,
            verdict=verdict,
            summary="Maps moved as they should.",
            statistics=ShiftStatistics(difference=0.001, rho=0.9999, images=4) if check == "input_shift" else None,
            curves=(Curve(name="rho", stages=(1,), layers=("conv4",), points=(Interval(mean=0.5),)),),
        )
        for check in plan.checks
    )
    return MethodOutcome(
        method=method.method,
        label=method.label,
        parameters=method.parameters,
        view=METHODS[method.method].view,
        verdict=verdict,
        summary=f"{method.label} is {verdict.value}.",
        checks=checks,
    )
