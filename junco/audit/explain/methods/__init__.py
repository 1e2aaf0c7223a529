"""Explanation methods, one a file; importing the package registers them all."""

from junco.audit.explain.methods import (
    grad_cam,
    gradient,
    guided_backprop,
    guided_grad_cam,
    input_x_gradient,
    integrated_gradients,
    smoothgrad,
)

__all__ = [
    "grad_cam",
    "gradient",
    "guided_backprop",
    "guided_grad_cam",
    "input_x_gradient",
    "integrated_gradients",
    "smoothgrad",
]
