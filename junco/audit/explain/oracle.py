"""The same maps through Captum: slower, independent, and asked once per job whether the shared pass agrees with it."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from junco.audit.explain.backward import chunks
from junco.audit.explain.baselines import baseline
from junco.audit.explain.explainer import Bound
from junco.audit.explain.layers import layer_of
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import Name
from junco.audit.types import Batch, Canonical
from junco.contract.catalogue import IntegratedGradientsParameters, LayerParameters, Method

Attribute = Callable[[Tensor, Tensor], Tensor]


def by_captum(run: Pass, bound: Bound) -> Tensor | None:
    """Captum's map for ``bound``, or None where Captum has no such method.

    SmoothGrad is absent: Captum's takes its noise from torch's global generator.
    """
    attribute = _METHODS.get(bound.name)
    if attribute is None:
        return None
    rows = chunks(run.model, run.x, run.batch.targets)
    with warnings.catch_warnings(), private_inputs(run.model.module):
        warnings.simplefilter("ignore", UserWarning)
        explain = attribute(run.model, run.batch, bound)
        return torch.cat([explain(x.clone(), targets)[:size].detach() for x, targets, size in rows])


@contextmanager
def private_inputs(module: nn.Module) -> Iterator[None]:
    """``module`` with an input tensor of its own for every ReLU.

    Captum cuts at that tensor; where a skip connection reads it too, the skip's signal would be cut with it.
    """
    relus = [part for part in module.modules() if isinstance(part, nn.ReLU)]
    handles = [relu.register_forward_pre_hook(lambda _module, inputs: inputs[0].view_as(inputs[0])) for relu in relus]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _gradient(model: Canonical, _batch: Batch, _bound: Bound) -> Attribute:
    from captum.attr import Saliency

    saliency = Saliency(model.module)
    return lambda x, targets: saliency.attribute(x, targets, abs=False)


def _input_x_gradient(model: Canonical, _batch: Batch, _bound: Bound) -> Attribute:
    from captum.attr import InputXGradient

    return InputXGradient(model.module).attribute  # type: ignore[no-any-return]


def _integrated_gradients(model: Canonical, batch: Batch, bound: Bound) -> Attribute:
    from captum.attr import IntegratedGradients

    assert isinstance(bound.parameters, IntegratedGradientsParameters)
    steps, start = bound.parameters.steps, baseline(batch, bound.parameters)
    path = IntegratedGradients(model.module)
    return lambda x, targets: path.attribute(x, start.expand_as(x), targets, n_steps=steps, internal_batch_size=len(x))


def _guided_backprop(model: Canonical, _batch: Batch, _bound: Bound) -> Attribute:
    from captum.attr import GuidedBackprop

    return GuidedBackprop(model.module).attribute  # type: ignore[no-any-return]


def _grad_cam(model: Canonical, _batch: Batch, bound: Bound) -> Attribute:
    from captum.attr import LayerGradCam

    assert isinstance(bound.parameters, LayerParameters)
    cam = LayerGradCam(model.module, model.submodule(layer_of(model, bound.parameters)))
    return lambda x, targets: cam.attribute(x, targets, relu_attributions=True)


def _guided_grad_cam(model: Canonical, batch: Batch, bound: Bound) -> Attribute:
    guided, cam = _guided_backprop(model, batch, bound), _grad_cam(model, batch, bound)
    return lambda x, targets: guided(x, targets) * interpolate(cam(x, targets), x.shape[2:], mode="bilinear")


_METHODS: Mapping[Name, Callable[[Canonical, Batch, Bound], Attribute]] = {
    Method.GRADIENT: _gradient,
    Method.INPUT_X_GRADIENT: _input_x_gradient,
    Method.INTEGRATED_GRADIENTS: _integrated_gradients,
    Method.GUIDED_BACKPROP: _guided_backprop,
    Method.GRAD_CAM: _grad_cam,
    Method.GUIDED_GRAD_CAM: _guided_grad_cam,
}
