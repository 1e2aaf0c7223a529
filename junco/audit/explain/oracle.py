"""The same maps through Captum: slower, independent, and asked once per job whether the shared pass agrees with it."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from junco.audit.batch import Batch
from junco.audit.explain.backward import chunks
from junco.audit.explain.baselines import baseline
from junco.audit.explain.explainer import Bound
from junco.audit.explain.layers import layer_of
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import Name
from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.roles import Role
from junco.audit.explain.smoothing import softened
from junco.audit.model import Canonical
from junco.contract.catalogue import (
    DeepLiftParameters,
    EpsilonParameters,
    IntegratedGradientsParameters,
    LayerParameters,
    Method,
)

Attribute = Callable[[Tensor, Tensor], Tensor]


def by_captum(run: Pass, bound: Bound) -> Tensor | None:
    """Captum's map for ``bound``, or None where Captum has no such method.

    Methods that draw noise are absent: Captum's take theirs from torch's global generator.
    """
    attribute = None if _unknown(run.model, bound) else _METHODS.get(bound.name)
    if attribute is None:
        return None
    rows = chunks(run.model, run.x, run.batch.targets)
    beta = getattr(bound.parameters, "beta", None)
    with warnings.catch_warnings(), private_inputs(run.model.module), softened(run.model.module, beta):
        warnings.simplefilter("ignore", UserWarning)
        explain = attribute(run.model, run.batch, bound)
        return torch.cat([explain(x.clone(), targets)[:size].detach() for x, targets, size in rows])


def _unknown(model: Canonical, bound: Bound) -> bool:
    """Whether these parameters ask for what Captum lacks, though it knows the method."""
    parameters = bound.parameters
    if isinstance(parameters, IntegratedGradientsParameters) and parameters.quadrature not in _QUADRATURES:
        return True
    if isinstance(parameters, DeepLiftParameters):
        return parameters.rule != "rescale" or not _is_row_of_layers(model)
    if isinstance(parameters, EpsilonParameters):
        return not _is_input_x_gradient(model, parameters)
    if bound.name in (Method.GUIDED_BACKPROP, Method.GUIDED_GRAD_CAM) and getattr(parameters, "beta", None) is not None:
        return True
    return isinstance(parameters, LayerParameters) and layer_of(model, parameters) in model.grids


def _is_row_of_layers(model: Canonical) -> bool:
    """Captum's DeepLIFT loses completeness at maxima and products, and knows no ReLU6 made of two modules."""
    parts = Anatomy(model.graph_module).parts.values()
    beyond = (Role.MAX, Role.GATE, Role.PRODUCT)
    return not any(part.role in beyond or part.name == "Ceiling" for part in parts)


def _is_input_x_gradient(model: Canonical, parameters: EpsilonParameters) -> bool:
    """Where everything is linear in pieces through zero, LRP-epsilon is x * dz_c/dx (Ancona et al. 2018)."""
    parts = Anatomy(model.graph_module).parts.values()
    pieces = set(model.activations) <= {"ReLU", "LeakyReLU", "PReLU"}
    held = (Role.GATE, Role.NORM, Role.ATTENTION)
    plain = pieces and not any(part.role in held for part in parts)
    return plain and parameters.start == "logit" and parameters.epsilon <= _NEGLIGIBLE


_NEGLIGIBLE = 1e-6


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
    path, rule = IntegratedGradients(model.module), _QUADRATURES[bound.parameters.quadrature]
    return lambda x, targets: path.attribute(
        x, start.expand_as(x), targets, n_steps=steps, method=rule, internal_batch_size=len(x)
    )


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


# Captum's trapezoid has weights that sum to 1 - 1 / steps.
_QUADRATURES = {
    "gauss_legendre": "gausslegendre",
    "riemann_right": "riemann_right",
    "riemann_middle": "riemann_middle",
}


def _deconvolution(model: Canonical, _batch: Batch, _bound: Bound) -> Attribute:
    from captum.attr import Deconvolution

    return Deconvolution(model.module).attribute  # type: ignore[no-any-return]


def _deep_lift(model: Canonical, batch: Batch, bound: Bound) -> Attribute:
    from captum.attr import DeepLift

    assert isinstance(bound.parameters, DeepLiftParameters)
    start = baseline(batch, bound.parameters)
    attribute = DeepLift(model.module).attribute
    return lambda x, targets: attribute(x, start.expand_as(x).contiguous(), targets)


_METHODS: Mapping[Name, Callable[[Canonical, Batch, Bound], Attribute]] = {
    Method.GRADIENT: _gradient,
    Method.INPUT_X_GRADIENT: _input_x_gradient,
    Method.INTEGRATED_GRADIENTS: _integrated_gradients,
    Method.GUIDED_BACKPROP: _guided_backprop,
    Method.DECONVOLUTION: _deconvolution,
    Method.DEEP_LIFT: _deep_lift,
    Method.LRP_EPSILON: _input_x_gradient,
    Method.GRAD_CAM: _grad_cam,
    Method.GUIDED_GRAD_CAM: _guided_grad_cam,
}
