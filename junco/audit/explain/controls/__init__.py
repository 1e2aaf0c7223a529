"""Maps whose verdict is known beforehand, one a file; importing the package registers them all."""

from junco.audit.explain.controls import (
    constant,
    edge_detector,
    edge_x_gradient,
    fixed_prior,
    gaussian_noise,
    input_only,
    random_weights,
)

__all__ = [
    "constant",
    "edge_detector",
    "edge_x_gradient",
    "fixed_prior",
    "gaussian_noise",
    "input_only",
    "random_weights",
]
