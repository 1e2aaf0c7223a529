"""What each method spends: passes used over passes needed, and time over eager Captum's for the same maps.

A pass is one image through the network; needed are those that the catalogue prices a method at. One explainer of all
methods is measured too: what sharing saves. Samples and steps are few, as only ratios are read. Rules go back node by
node and pass nothing through as a whole: their time is set against as many gradient passes as they are priced at.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence

import captum.attr
import torch
from torch import Tensor, nn

from benchmarks.clock import in_turns, seconds
from benchmarks.subjects import SUBJECTS
from junco.audit.batch import Batch, Box
from junco.audit.explain import Bound, build
from junco.audit.explanation import Explainer
from junco.audit.graph import load
from junco.audit.memory import keep_pages
from junco.audit.model import Canonical
from junco.contract.catalogue import METHODS, Family, Method

_SHAPE = (3, 224, 224)
_FEW = {"samples": 8, "steps": 8, "channels": 16}
_FEW_SEGMENTS = {"segments": 4, "side": 4, "samples": 20, "permutations": 2, "window": 112, "stride": 112}
_FITTED = 10

OURS = (
    Method.GRADIENT,
    Method.INPUT_X_GRADIENT,
    Method.INTEGRATED_GRADIENTS,
    Method.SMOOTHGRAD,
    Method.VARGRAD,
    Method.GRADIENT_SHAP,
    Method.EXPECTED_GRADIENTS,
    Method.GUIDED_BACKPROP,
    Method.GRAD_CAM,
    Method.GRAD_CAM_PLUS_PLUS,
    Method.LAYER_CAM,
    Method.SCORE_CAM,
    Method.OCCLUSION,
    Method.PREDICTION_DIFFERENCE,
    Method.RISE,
    Method.LIME,
    Method.KERNEL_SHAP,
    Method.SHAPLEY_SAMPLING,
    Method.ANCHORS,
)
"""Methods whose passes can be counted."""

RULES = (
    Method.DECONVOLUTION,
    Method.DEEP_LIFT,
    Method.LRP_EPSILON,
    Method.LRP_GAMMA,
    Method.LRP_Z_PLUS,
    Method.LRP_ALPHA2_BETA1,
    Method.DEEP_TAYLOR,
    Method.EXCITATION_BACKPROP,
    Method.PATTERN_NET,
    Method.PATTERN_ATTRIBUTION,
)
"""Methods that go back over the graph by laws of their own."""

Captum = Callable[[Tensor, Tensor], object]


def eager(net: nn.Module) -> Mapping[Method, Captum]:
    """Captum on the eager network, as its documentation has it, with the same numbers of samples and steps."""
    saliency = captum.attr.Saliency(net)
    tunnel = captum.attr.NoiseTunnel(saliency)

    def smoothed(kind: str) -> Captum:
        return lambda x, targets: tunnel.attribute(
            x, nt_type=kind, nt_samples=8, nt_samples_batch_size=1, stdevs=0.1, target=targets, abs=False
        )

    return {
        Method.GRADIENT: lambda x, targets: saliency.attribute(x, targets, abs=False),
        Method.INPUT_X_GRADIENT: captum.attr.InputXGradient(net).attribute,
        Method.INTEGRATED_GRADIENTS: lambda x, targets: captum.attr.IntegratedGradients(net).attribute(
            x, 0, targets, n_steps=8, internal_batch_size=len(x)
        ),
        Method.SMOOTHGRAD: smoothed("smoothgrad"),
        Method.VARGRAD: smoothed("vargrad"),
        Method.GRADIENT_SHAP: lambda x, targets: captum.attr.GradientShap(net).attribute(
            x, torch.zeros_like(x), n_samples=8, target=targets
        ),
        Method.GUIDED_BACKPROP: captum.attr.GuidedBackprop(net).attribute,
    }


def bound(name: Method) -> Bound:
    """A method at few samples, steps, channels and segments."""
    card = METHODS[name]
    few = _FEW | (_FEW_SEGMENTS if card.family is Family.PERTURBATION else {}) | {"fitting_images": _FITTED}
    chosen = {k: v for k, v in few.items() if k in card.parameters.model_fields}
    return Bound(name.value, name, card.parameters.model_validate(chosen))


def used(model: Canonical, batch: Batch, methods: Sequence[Bound], *, rows: int) -> float:
    """Passes an image that ``methods`` make together."""
    counted: list[int] = []
    handle = model.module.register_forward_pre_hook(lambda _module, inputs: counted.append(len(inputs[0])))
    try:
        build(methods, model, batch_size=rows)(model, batch, seed=0)
    finally:
        handle.remove()
    return sum(counted) / len(batch)


def measure(name: str, *, images: int, rows: int, rounds: int) -> None:
    """Measure one network and print."""
    subject = SUBJECTS[name]()
    model, net = load(subject.data, input_shape=_SHAPE), subject.eager.requires_grad_(False)
    x = torch.rand(images, *_SHAPE, generator=torch.Generator().manual_seed(0))
    others = torch.rand(_FITTED, *_SHAPE, generator=torch.Generator().manual_seed(1))
    box = Box(*(torch.full((3,), value) for value in (0.0, 1.0, 0.5)))
    batch = Batch(x, model(x).argmax(1), tuple(range(images)), box, references=others)
    theirs = eager(net)
    methods = [bound(method) for method in OURS]
    print(f"\n{name}: {images} images, at most {rows} a pass")
    print(f"  {'method':34} used / needed   time / Captum eager")
    for method in methods:
        ratio = used(model, batch, [method], rows=rows) / method.parameters.passes(_SHAPE)
        explain = build([method], model, batch_size=rows)
        against = _against(theirs.get(Method(method.name)), explain, model, batch, rounds)
        print(f"  {method.label:34} {ratio:13.2f}   {against}")
    alone = sum(used(model, batch, [method], rows=rows) for method in methods)
    together = used(model, batch, methods, rows=rows)
    print(f"  {'all of them together':34} {together / alone:13.2f}   of the passes one by one")
    print(f"  {'rule':34} time / as many gradient passes")
    for method in map(bound, RULES):
        print(f"  {method.label:34} {_priced(method, model, batch, rows=rows, rounds=rounds):13.2f}")


def _priced(method: Bound, model: Canonical, batch: Batch, *, rows: int, rounds: int) -> float:
    """Time over that of as many gradient passes as the catalogue prices the method at."""
    explain, plain = (build([one], model, batch_size=rows) for one in (method, bound(Method.GRADIENT)))
    taken = in_turns(
        {
            "rule": lambda: seconds(lambda: explain(model, batch, seed=0)),
            "pass": lambda: seconds(lambda: plain(model, batch, seed=0)),
        },
        rounds=rounds,
    )
    return taken["rule"] / (taken["pass"] * method.parameters.passes(_SHAPE))


def _against(captum_: Captum | None, explain: Explainer, model: Canonical, batch: Batch, rounds: int) -> str:
    if captum_ is None:
        return "      -"
    taken = in_turns(
        {
            "ours": lambda: seconds(lambda: explain(model, batch, seed=0)),
            "theirs": lambda: seconds(lambda: captum_(batch.x.clone(), batch.targets)),
        },
        rounds=rounds,
    )
    return f"{taken['ours'] / taken['theirs']:7.2f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every network asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", choices=list(SUBJECTS), default=["resnet18"])
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    keep_pages()  # as every runner does
    warnings.simplefilter("ignore", UserWarning)  # Captum warns of every hook and every requires_grad it sets
    for name in options.nets:
        measure(name, images=options.images, rows=options.rows, rounds=options.rounds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
