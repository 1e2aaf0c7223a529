"""What a graph must offer before anything can be said of its explanations."""

from collections.abc import Callable

import torch
from torch import Tensor, fx

from junco.audit.model import Step
from junco.contract.errors import ModelNotJudgeable


def require_gradients(module: fx.GraphModule, x: Tensor) -> None:
    """Raise ``ModelNotJudgeable`` unless the logits have a gradient with respect to the input."""
    with torch.enable_grad():
        leaf = x[:1].detach().repeat(len(x), 1, 1, 1).requires_grad_()
        logits = module(leaf)
        if not logits.requires_grad:
            raise _refused("no operation between input and scores carries a gradient")
        try:
            (gradient,) = torch.autograd.grad(logits.sum(), leaf, allow_unused=True)
        except RuntimeError as error:
            raise _refused(str(error).strip().splitlines()[0][:200]) from error
    if gradient is None:
        raise _refused("the scores do not depend on the input")


def same_gradients(original: Callable[[Tensor], Tensor], ours: Callable[[Tensor], Tensor], x: Tensor) -> bool:
    """Whether both functions, of one type and with one end, have about one input gradient at ``x``.

    True where the original cannot tell.
    """
    try:
        theirs = _gradient(original, x)
    except RuntimeError:
        return True  # a fused inference operator without a gradient: there is nothing to compare with
    slope = _gradient(ours, x)
    # Half precision moves gradients by some per cent; a detached branch moves them by much more.
    return float((slope - theirs).norm()) <= 0.1 * float(slope.norm())


def _gradient(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        logits = function(leaf)
        # Weighted, because the sum over classes is constant where the original ends in a softmax.
        weights = torch.linspace(-1, 1, logits.shape[1]).to(logits.dtype)
        score = (logits * weights).sum()
        (gradient,) = torch.autograd.grad(score, leaf, allow_unused=True) if score.requires_grad else (None,)
    return torch.zeros_like(x) if gradient is None else gradient


def require_parameters(steps: tuple[Step, ...]) -> None:
    """Raise ``ModelNotJudgeable`` if there is nothing to randomise."""
    if not any(step.parameters for step in steps):
        raise ModelNotJudgeable(
            "the model has no parameters",
            expected="at least one layer with weights",
            found="none",
            remedy="upload a trained model: explanations are judged by what happens when its weights are destroyed",
        )


def _refused(found: str) -> ModelNotJudgeable:
    return ModelNotJudgeable(
        "the model's scores have no gradient with respect to its input",
        expected="a program that can be differentiated",
        found=found,
        remedy="export the model with gradients enabled, without detach, argmax or fused inference operators",
    )
