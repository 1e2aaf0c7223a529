"""Edge x Gradient: A = Sobel(grey(x)) * dz_c/dx, [n, C, H, W], signed.

Passes parameter randomization although it mostly shows edges: a signed check sees the sign move, not the drawing stay.
Cost: 1 gradient pass, shared with gradient.
"""

from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.controls.edge_detector import sobel
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.contract.catalogue import Control, NoParameters


@method(Control.EDGE_X_GRADIENT, wants=lambda _model, _parameters: Wants(gradient=True))
def edge_x_gradient(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """The gradient painted onto edges."""
    return sobel(run.x) * run.gradient
