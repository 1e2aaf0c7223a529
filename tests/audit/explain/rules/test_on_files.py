"""Rules on uploaded files: scripted, traced, frozen and ONNX give the map of the eager network."""

import pytest
import torch

from junco.audit.batch import Batch
from junco.audit.explain import Pass
from junco.audit.explain.registry import REGISTRY
from junco.audit.graph import load
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Method
from tests.audit.explain.models import canonical, images
from tests.truth.models import IMAGE, as_torchscript, mobile, residual

RULES = [
    Method.DECONVOLUTION, Method.DEEP_LIFT, Method.LRP_EPSILON, Method.LRP_GAMMA, Method.LRP_Z_PLUS,
    Method.LRP_ALPHA2_BETA1, Method.DEEP_TAYLOR, Method.PATTERN_NET, Method.PATTERN_ATTRIBUTION,
]  # fmt: skip


def as_onnx(model: torch.nn.Module) -> bytes:
    """As torch exports it, BatchNorm folded into convolutions."""
    from io import BytesIO

    buffer = BytesIO()
    torch.onnx.export(model, (torch.zeros(1, *IMAGE),), buffer, dynamo=False)
    return buffer.getvalue()


def maps(model: Canonical, batch: Batch) -> dict[Method, torch.Tensor]:
    """One map a rule."""
    run = Pass(model, batch)
    return {name: REGISTRY[name].run(run, METHODS[name].parameters()) for name in RULES}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [residual, mobile])
@pytest.mark.parametrize("kind", ["scripted", "traced", "frozen", "onnx"])
def test_formats_give_the_eager_networks_maps(kind: str, make) -> None:  # type: ignore[no-untyped-def]
    """Within 1e-4 of each map's largest value, in float32; ONNX has no BatchNorm left, and the same maps. A functional
    ReLU6 has rules only as the lifter writes it, so that its network's scripted file stands for the eager one."""
    eager, batch = make().requires_grad_(False), images(3, IMAGE, dtype=torch.float32)
    file = as_onnx(eager) if kind == "onnx" else as_torchscript(eager, IMAGE, kind)  # type: ignore[arg-type]
    found = maps(load(file), batch)
    twin = (
        canonical(make(), IMAGE, dtype=torch.float32)
        if make is residual
        else load(as_torchscript(eager, IMAGE, "scripted"))
    )
    expected = maps(twin, batch)
    for name in RULES:
        scale = float(expected[name].abs().max())
        loose = 1e-3 if "pattern" in name else 1e-4  # covariances of a few images: differences of near numbers
        torch.testing.assert_close(
            found[name], expected[name], rtol=0, atol=loose * scale, msg=lambda text, name=name: f"{name}: {text}"
        )
