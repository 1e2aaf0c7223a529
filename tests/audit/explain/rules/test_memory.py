"""What a pass leaves behind."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from junco.audit.explain import build
from junco.audit.explain.rules import trace
from junco.audit.explain.rules.parts import Anatomy
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import available, images
from tests.audit.explain.rules import nets


@pytest.fixture
def uncollected() -> Iterator[None]:
    """The garbage collector stays away meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_pass_holds_no_tensors_once_its_maps_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all rules: a trace goes with its pass, not with the garbage collector, which counts objects and not bytes."""
    made: list[weakref.ref[trace.Trace]] = []
    begun = trace.Trace.__init__

    def noted(self: trace.Trace, anatomy: Anatomy, x: object) -> None:
        made.append(weakref.ref(self))
        begun(self, anatomy, x)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(trace.Trace, "__init__", noted)
    model = nets.mixed(0, norm=True, gate=True, low=False)
    rules = [bound for bound in available(model) if METHODS[bound.name].folds]
    build(rules, model)(model, images(2, nets.SHAPE), seed=0)
    assert {bound.name for bound in rules} >= {Method.LRP_Z_PLUS, Method.LRP_ALPHA2_BETA1, Method.DEEP_LIFT}
    assert made
    assert [ref() for ref in made if ref() is not None] == []
