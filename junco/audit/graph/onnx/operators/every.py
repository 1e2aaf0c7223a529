"""All modules of operators: importing this fills the registry."""

from junco.audit.graph.onnx.operators import (  # noqa: F401  # each registers its operators as it is imported
    activations,
    attention,
    convolution,
    deformable,
    elementwise,
    indexing,
    layout,
    matrix,
    norms,
    pooling,
    quantisation,
    quantised,
    reductions,
    resizing,
    rotary,
    sampling,
    shapes,
)
