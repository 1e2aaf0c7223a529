"""What maps by relevance must sum to, where attention puts other axes before the images."""

from functools import cache

import pytest
import torch

from junco.audit.explain import REGISTRY, Pass
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.trace import LARGE, Trace, walk
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import images
from tests.truth import models
from tests.truth.transformers import Spelling, vit

NETWORKS = {
    "timm": vit(),
    "fused": vit(Spelling(fused=True)),
    "merged heads": models.attention(),
    "cnn": models.small_cnn(),
}


@cache
def lifted(name: str) -> Canonical:
    """The network through a traced file."""
    return load(models.as_torchscript(NETWORKS[name], models.IMAGE, "traced"), input_shape=models.IMAGE)


@pytest.mark.parametrize(("name", "first"), [("timm", False), ("fused", False), ("merged heads", False), ("cnn", True)])
@pytest.mark.parametrize("count", [2, 3])
def test_a_trace_knows_whether_images_come_first(name: str, first: bool, count: int) -> None:
    """Queries, keys and values come before the images, of which there may be three too."""
    batch = images(count, models.IMAGE, dtype=torch.float32)
    assert Trace(Anatomy(lifted(name).graph_module), batch.x).images_first is first


@pytest.mark.parametrize("name", ["timm", "fused"])
@pytest.mark.parametrize("count", [2, 3])
def test_each_image_must_sum_to_what_it_must_alone(name: str, count: int) -> None:
    """Whatever lies before it; and its map does, to 1e-3 of the logit in single precision."""
    model, batch = lifted(name), images(count, models.IMAGE, dtype=torch.float32)
    entry, chosen = REGISTRY[Method.LRP_EPSILON], METHODS[Method.LRP_EPSILON].parameters()
    assert entry.sums_to is not None
    together = entry.sums_to(Pass(model, batch), chosen)
    alone = torch.cat([entry.sums_to(Pass(model, batch.rows(i, i + 1)), chosen) for i in range(count)])
    maps = entry.run(Pass(model, batch), chosen)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(maps.sum((1, 2, 3)), together, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("count", [2, 3])
def test_a_steadied_walk_turns_no_map_where_axes_are_mixed(count: int) -> None:
    """A signal that is too large is scaled as a whole: queries, keys and values keep their proportions."""
    model, batch = lifted("timm"), images(count, models.IMAGE, dtype=torch.float32)
    trace = Trace(Anatomy(model.graph_module), batch.x)
    start = torch.eye(trace.value(trace.anatomy.answer).shape[1])[batch.targets]

    def back(size: float) -> torch.Tensor:
        def pulled(node: torch.fx.Node, signal: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return trace.pull(node, signal, *trace.anatomy.parts[node].sources)

        return walk(trace, start * size, pulled, steady=True).flatten(1)

    torch.testing.assert_close(
        torch.cosine_similarity(back(1.0), back(10 * LARGE)), torch.ones(count), rtol=1e-4, atol=0
    )
