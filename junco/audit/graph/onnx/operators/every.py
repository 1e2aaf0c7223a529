"""All modules of operators: importing this fills the registry."""

from junco.audit.graph.onnx.operators import (
    activations,
    attention,
    convolution,
    elementwise,
    indexing,
    layout,
    matrix,
    norms,
    pooling,
    quantisation,
    reductions,
    resizing,
    sampling,
    shapes,
)

MODULES = (
    activations,
    attention,
    convolution,
    elementwise,
    indexing,
    layout,
    matrix,
    norms,
    pooling,
    quantisation,
    reductions,
    resizing,
    sampling,
    shapes,
)
