"""What every shard starts from."""

import pytest
import torch

from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.prepare import bench, calibration, explainers
from junco.contract.catalogue import CheckName
from junco.contract.errors import ModelNotJudgeable
from tests.audit.pipeline.conftest import network
from tests.truth import digits, models
from tests.truth.product import Job


def test_targets_are_the_trained_models_own_predictions(job: Job) -> None:
    """Fixed for trained and randomised models alike (docs/verdicts.md, section 2), in the plan's order of images."""
    ready = bench(job.plan, job.model, job.files)
    _, test = digits.split()
    x = test.x[list(job.plan.selected)]
    torch.testing.assert_close(ready.batch.x, x, rtol=0, atol=1e-6)
    original = models._settled(network(), seed=4)
    assert torch.equal(ready.batch.targets, original(x).argmax(1))
    assert ready.batch.index == tuple(range(22))
    rows = ready.rows((5, 2))
    assert torch.equal(rows.x, ready.batch.x[[5, 2]])
    assert torch.equal(rows.targets, ready.batch.targets[[5, 2]])
    assert rows.index == (5, 2)


def test_float64_is_float64_throughout(job: Job) -> None:
    """Model and images, as the shift check needs."""
    ready = bench(job.plan, job.model, job.files, float64=True)
    assert ready.batch.x.dtype == ready.logits.dtype == torch.float64


@pytest.mark.parametrize(("count", "total"), [(10, 10), (22, 22), (30, 30), (48, 44), (256, 44)])
def test_calibration_takes_images_and_then_their_mirrors(job: Job, count: int, total: int) -> None:
    """As many as asked for and as there are, in nearly equal parts."""
    ready = bench(job.plan, job.model, job.files)
    parts = calibration(ready, count)
    x = ready.batch.x
    assert torch.equal(torch.cat(parts), torch.cat([x, x.flip(-1)])[:total])
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= max(sizes) // 4 + 1
    assert min(sizes) >= 8


def test_only_methods_with_randomness_are_asked_twice(job: Job) -> None:
    """SmoothGrad and noise; the others' ceiling is 1 by construction."""
    ready = bench(job.plan, job.model, job.files)
    every, stochastic = explainers(job.plan, CheckName.PARAMETER_RANDOMIZATION, ready.model)
    assert stochastic is not None
    assert set(stochastic.traits) == {"smoothgrad(samples=3)", "gaussian_noise"}
    assert set(every.traits) == {m.label for m in job.plan.methods}


def test_inspection_tells_what_a_job_needs(job: Job) -> None:
    """Layers in execution order with their sizes, parameters, classes, parity, coverage, and every method's fate."""
    report = job.report
    assert [layer.kind for layer in report.layers] == ["Conv2d", "Conv2d", "Linear", "Linear"]
    assert [layer.parameters for layer in report.layers] == [80, 584, 12_576, 330]
    assert report.parameters == sum(layer.parameters for layer in report.layers)
    assert (report.classes, report.input_shape, report.coverage.fraction) == (10, digits.SHAPE, 1.0)
    assert report.parity
    assert all(p.within for p in report.parity)
    refused = {name for name, found in report.methods.items() if not found.available}
    assert refused == {"attention_rollout", "attention_relevance"}
    assert report.activations == {"ReLU": 3}


def test_inspection_tells_why_a_method_is_not_available() -> None:
    """GELU has no guided rule; an MLP has no spatial layer."""
    gelu = inspect(models.as_torchscript(models.gelu_net(), models.IMAGE, "traced"), input_shape=models.IMAGE)
    assert not gelu.methods["guided_backprop"].available
    assert gelu.methods["guided_backprop"].reason
    assert gelu.methods["gradient"].available
    mlp = inspect(models.as_torchscript(models.mlp(), models.DIGIT, "traced"), input_shape=models.DIGIT)
    assert not mlp.methods["grad_cam"].available


def test_a_model_without_parameters_is_refused() -> None:
    """Nothing to randomise: named at upload, not in a job."""

    class Bare(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1)[:, :10] * 2

    with pytest.raises(ModelNotJudgeable):
        inspect(models.as_torchscript(Bare(), digits.SHAPE, "traced"), input_shape=digits.SHAPE)
