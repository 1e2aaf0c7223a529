"""Archives that were made for another processor are read on the CPU, or refused with what was done to them."""

import pytest
import torch
from torch import Tensor, nn

from junco.audit.graph import load
from junco.audit.graph.archive import on_cpu
from junco.contract.errors import ModelNotJudgeable
from tests.audit.graph.hard import SHAPE, Cnn, Pooled, archive, entries, saved, scripted, settled, traced

_CPU, _CUDA = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"


def _on_cuda(data: bytes) -> bytes:
    """The archive as it is saved where its tensors lie on a CUDA device."""
    held = entries(data)
    for name in held:
        if name.endswith(("data.pkl", "constants.pkl")):
            held[name] = held[name].replace(_CPU, _CUDA)
    return archive(held)


def _same_as(model: nn.Module, data: bytes) -> tuple[str, ...]:
    """Assert that the file answers as ``model`` does; what loading tells."""
    canonical = load(data, input_shape=SHAPE)
    x = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    # float32: at most the folding of a batch norm lies between the two.
    torch.testing.assert_close(canonical(x), model(x), rtol=1e-5, atol=1e-5)
    assert sum(step.parameters for step in canonical.steps) == sum(p.numel() for p in model.parameters())
    return canonical.warnings


class _Placed(Pooled):
    """Names devices in every way that a compiled program can."""

    def __init__(self) -> None:
        super().__init__()
        self.where = torch.device("cuda:0")
        self.kind = "cuda"

    def forward(self, x: Tensor) -> Tensor:
        x = x.cuda() + torch.zeros(1, device="cuda:0") + torch.ones(1, device=torch.device("cuda", 0))
        x = x.to(self.where).to(torch.device(self.kind)) + torch.zeros(1, device=self.kind)
        return self.scores(x - 1.0)


def test_weights_saved_on_cuda_are_loaded_on_the_cpu():
    """Tensors of a CUDA device come to the CPU, and a warning tells where they were."""
    model = settled(Cnn())
    data = _on_cuda(saved(scripted(model)))
    assert any(_CUDA in content for content in entries(data).values())
    assert any("saved on a CUDA device" in warning for warning in _same_as(model, data))


def test_devices_named_in_a_program_become_the_cpu():
    """Constants, moves and attributes that name a CUDA device no longer stop the program."""
    data = saved(scripted(settled(_Placed())))
    assert sum(content.count(b"cuda") for content in entries(data).values()) > 5
    assert not any(b"cuda" in content for content in entries(on_cpu(data)[0]).values())
    assert any("saved on a CUDA device" in warning for warning in _same_as(settled(Pooled()), data))


def test_a_recorded_device_becomes_the_cpu():
    """A trace that made a tensor on a CUDA device makes it on the CPU."""

    class Fresh(Pooled):
        def forward(self, x: Tensor) -> Tensor:
            return self.scores(x + torch.ones(16, device="cpu"))

    model = settled(Fresh())
    held = entries(saved(traced(model)))
    (code,) = [name for name, content in held.items() if b'torch.device("cpu")' in content]
    held[code] = held[code].replace(b'torch.device("cpu")', b'torch.device("cuda:1")')
    assert any("CUDA" in warning for warning in _same_as(model, archive(held)))


def test_a_file_of_the_cpu_is_left_as_it_is():
    """The very bytes come back, with nothing to tell."""
    data = saved(scripted(settled(Cnn())))
    assert on_cpu(data) == (data, ())


def test_weights_packed_for_a_processor_are_refused_by_the_step_that_packed_them():
    """The reason names optimize_for_inference, and the way out; freezing alone is taken."""
    model = settled(Cnn())
    with pytest.raises(ModelNotJudgeable, match="optimize_for_inference") as refusal:
        load(saved(torch.jit.optimize_for_inference(scripted(model))), input_shape=SHAPE)
    assert "torch.jit.freeze is fine" in (refusal.value.remedy or "")
    frozen = load(saved(torch.jit.freeze(scripted(model))), input_shape=SHAPE)
    x = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    # float32: batch norms are folded into convolutions.
    torch.testing.assert_close(frozen(x), model(x), rtol=1e-5, atol=1e-5)


def test_autocast_inside_a_program_is_told():
    """A program that casts on another device is explained as it computes here, which a warning says."""

    class Cast(Pooled):
        def forward(self, x: Tensor) -> Tensor:
            with torch.autocast("cuda", dtype=torch.float16):
                y = self.scores(x)
            return y  # noqa: RET504 - a compiled program cannot return from within a context

    warnings = _same_as(settled(Pooled()), saved(scripted(settled(Cast()))))
    assert any("autocast" in warning for warning in warnings)
