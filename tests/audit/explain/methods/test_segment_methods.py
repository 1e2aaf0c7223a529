"""What all methods that hide segments, or mask the image, have in common."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from junco.audit.batch import Batch
from junco.audit.explain import build
from junco.contract.catalogue import METHODS, Method, MethodParameters
from junco.contract.errors import InvalidPlan
from tests.audit.explain.games import explained
from tests.audit.explain.models import bound, canonical, convnet, images, linear, shifted

FEW: dict[Method, dict[str, object]] = {
    Method.LIME: {"segments": 9, "samples": 40},
    Method.KERNEL_SHAP: {"segments": 9, "samples": 41},
    Method.SHAPLEY_SAMPLING: {"segments": 9, "permutations": 3},
    Method.ANCHORS: {"segments": 9, "samples": 75},
    Method.PREDICTION_DIFFERENCE: {"segments": 9, "samples": 3},
    Method.RISE: {"side": 4, "samples": 40},
}
SEGMENTED = [name for name in FEW if name is not Method.RISE]
SLIC = {"segmentation": "slic", "segments": 12}
CONSTANT = -torch.ones(3, 12, 12, dtype=torch.float64)


def few(name: Method, **changed: object) -> MethodParameters:
    """A small budget."""
    return METHODS[name].parameters.model_validate(FEW[name] | changed)


def on_grid(n: int = 3) -> Batch:
    """Images of multiples of 1/256 above zero, so that x + m - m is x to the last bit and no segment is empty."""
    batch = images(n)
    return replace(batch, x=(batch.x * 255).round() / 256 + 1 / 256)


@pytest.mark.parametrize("segments", [{}, SLIC], ids=["grid", "slic"])
@pytest.mark.parametrize("name", FEW)
def test_no_map_depends_on_the_batching(name: Method, segments: dict[str, object]) -> None:
    """One image at a time in passes of three, or eight in passes of 64: the same to float64 rounding."""
    if name is Method.RISE and segments:
        pytest.skip("RISE has no segments")
    model, batch, ask = convnet(), images(8), bound(name, few(name, **segments))
    together = explained(model, batch, ask, seed=3)
    apart = torch.cat([explained(model, batch.rows(i, i + 1), ask, seed=3, rows=3) for i in range(8)])
    torch.testing.assert_close(apart, together, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", FEW)
def test_a_seed_repeats_a_map_and_another_changes_it(name: Method) -> None:
    """To the last bit, and by more than rounding; images of one batch do not share draws."""
    model, batch, ask = convnet(), images(2), bound(name, few(name))
    first = explained(model, batch, ask, seed=3)
    assert torch.equal(explained(model, batch, ask, seed=3), first)
    # Of anchors the first image alone: the second's class keeps its rank whatever is hidden.
    assert (explained(model, batch, ask, seed=4) - first).abs()[0].max() > 1e-6
    twins = replace(batch, x=batch.x[:1].expand(2, -1, -1, -1), targets=batch.targets[:1].expand(2))
    one, other = explained(model, twins, ask, seed=3)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", FEW)
def test_passes_are_known_before_the_run(name: Method) -> None:
    """The model meets as many images as the parameters say, the shared pass of the whole image among them."""
    model, batch, met = convnet(), images(2), []
    model.submodule("0").register_forward_hook(lambda module, inputs, output: met.append(len(output)))
    explained(model, batch, bound(name, few(name)), rows=16)
    shared = 2 if name is Method.RISE else 0
    assert sum(met) - shared == 2 * few(name).passes((3, 12, 12))


@pytest.mark.parametrize("name", [Method.LIME, Method.KERNEL_SHAP, Method.SHAPLEY_SAMPLING])
@pytest.mark.parametrize("fill", [{}, {"baseline": "custom", "baseline_values": (0.25, -3.0)}], ids=["zero", "custom"])
def test_a_linear_model_is_explained_exactly(name: Method, fill: dict[str, object]) -> None:
    """A_j = sum over segment j of w (x - x0), to float64 rounding, however few the samples."""
    (model, weight), batch = linear(), images(5, (2, 4, 4))
    sizes = {Method.LIME: {"samples": 20, "ridge": 0}, Method.KERNEL_SHAP: {"samples": 12}}
    chosen = METHODS[name].parameters.model_validate({"segments": 4} | sizes.get(name, {}) | fill)
    start = torch.tensor(fill.get("baseline_values", (0.0, 0.0)), dtype=torch.float64).view(1, 2, 1, 1)
    expected = avg_pool2d((weight[batch.targets] * (batch.x - start)).sum(1, keepdim=True), 2) * 4
    found = explained(model, batch, bound(name, chosen), seed=1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


def pair(name: Method, **changed: object) -> tuple[Tensor, Tensor]:
    """Maps before the shift by -1 and after."""
    model, batch = convnet(), on_grid()
    ask = bound(name, few(name, **changed))
    moved = replace(batch, x=batch.x + CONSTANT, shift=CONSTANT)
    return explained(model, batch, ask, seed=2), explained(shifted(model, CONSTANT), moved, ask, seed=2)


@pytest.mark.parametrize("segments", [{}, SLIC], ids=["grid", "slic"])
@pytest.mark.parametrize("name", [name for name in FEW if name is not Method.PREDICTION_DIFFERENCE])
def test_a_fill_that_moves_along_passes_an_input_shift(name: Method, segments: dict[str, object]) -> None:
    """Black follows the shift and the map stays to float64 rounding; zero does not and the map moves."""
    if name is Method.RISE and segments:
        pytest.skip("RISE has no segments")
    before, after = pair(name, baseline="black", **segments)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-11)
    before, after = pair(name, baseline="zero", **segments)
    assert (after - before).abs().max() > 0.01 * before.abs().max()


@pytest.mark.parametrize("segments", [{}, SLIC], ids=["grid", "slic"])
def test_draws_from_the_image_itself_move_along(segments: dict[str, object]) -> None:
    """Prediction difference does not see the shift: its colours are the neighbours'."""
    before, after = pair(Method.PREDICTION_DIFFERENCE, **segments)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", FEW)
def test_a_model_that_never_changes_its_mind_has_a_constant_map(name: Method) -> None:
    """Exactly, not up to rounding, so that no verdict is said of noise; an anchor apart, which is one segment."""
    model, batch = convnet(dtype=torch.float32), images(2)
    for parameter in model.module.parameters():
        parameter.zero_()
    found = explained(model, batch, bound(name, few(name))).flatten(1)
    assert found.dtype == torch.float32
    most = found.max(1).values if name is not Method.ANCHORS else found.sort(1).values[:, -2]
    assert torch.equal(most, found.min(1).values)


@pytest.mark.parametrize("name", [Method.LIME, Method.KERNEL_SHAP, Method.SHAPLEY_SAMPLING])
def test_segments_that_equal_their_fill_have_no_part(name: Method) -> None:
    """Exactly 0, as a dummy player's Shapley value is; the others are not 0."""
    batch = images(2)
    batch.x[:, :, :4] = 0
    found = explained(convnet(), batch, bound(name, few(name)))
    assert found[:, :, 0].abs().max() == 0
    assert found[:, :, 1:].abs().min() > 0


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        (Method.LIME, {"segments": 49, "samples": 50}, "at least 51 samples"),
        (Method.KERNEL_SHAP, {"segments": 49, "samples": 99}, "at least 100 samples"),
        (Method.ANCHORS, {"segments": 25, "samples": 101}, "at least 102 samples"),
        (Method.RISE, {"side": 7, "samples": 48}, "at least 49 samples"),
        (Method.RISE, {"side": 13}, "at most 12 cells"),
        (Method.SHAPLEY_SAMPLING, {"segments": 169}, "at most 144 segments"),
        (Method.LIME, {"segments": 100, "segmentation": "slic"}, "at most 72 segments"),
        (Method.LIME, {"segments": 9, "baseline": "custom", "baseline_values": (1.0,)}, "3 baseline_values"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(
    name: Method, parameters: dict[str, object], expected: str
) -> None:
    """A budget below the method's unknowns, segments smaller than pixels, a fill of another depth."""
    chosen = METHODS[name].parameters.model_validate(parameters)
    misfit = chosen.misfit((3, 12, 12))
    assert misfit is not None
    assert expected in misfit.expected
    with pytest.raises(InvalidPlan):
        build([bound(name, chosen)], convnet())


@pytest.mark.parametrize("name", SEGMENTED)
def test_a_grid_is_square(name: Method) -> None:
    """Segments that are no square number are refused as parameters; slic takes any number."""
    with pytest.raises(ValueError, match="square number"):
        METHODS[name].parameters.model_validate({"segments": 10})
    assert METHODS[name].parameters.model_validate({"segments": 10, "segmentation": "slic"}).freedom((3, 9, 9)) == 10


@pytest.mark.parametrize("name", FEW)
def test_no_gradients_are_needed(name: Method) -> None:
    """A model that rounds its features away from every gradient is explained, at a fixed batch size of two."""
    model = canonical(Rounded(), (3, 12, 12), batch=2)
    found = explained(model, images(3), bound(name, few(name)))
    assert found.isfinite().all()
    assert found.flatten(1).std(1).min() > 0
    assert not METHODS[name].gradients


class Rounded(torch.nn.Module):
    """Scores of what is left of an image in eight grey levels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(432, 4)
        torch.nn.init.normal_(self.fc.weight, generator=torch.Generator().manual_seed(0))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.round(x * 7).flatten(1))
