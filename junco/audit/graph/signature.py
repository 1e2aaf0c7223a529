"""Whether a loaded program can be called with one batch of images."""

import torch

from junco.contract.errors import ModelNotJudgeable

_REMEDY = "wrap the model in a module whose forward takes one batch of images and answers class scores; export that"


def require_forward(script: torch.jit.ScriptModule) -> None:
    """Raise ``ModelNotJudgeable`` unless the program has a ``forward`` that takes a single tensor."""
    compiled = script._c
    methods = [name for name in compiled._method_names() if not name.startswith("__")]
    if "forward" not in methods:
        raise ModelNotJudgeable(
            "the program has no forward method",
            expected="a forward method that takes a batch of images",
            found=f"the methods {', '.join(sorted(methods))}" if methods else "no method",
            remedy=_REMEDY,
        )
    given = compiled._get_method("forward").schema.arguments[1:]
    wanted = [argument for argument in given if not argument.has_default_value()]
    if len(wanted) > 1 or not given or str(given[0].type) not in ("Tensor", "Optional[Tensor]"):
        raise ModelNotJudgeable(
            "the program does not take one batch of images",
            expected="a single tensor [n, channels, height, width]",
            found=", ".join(f"{argument.name}: {argument.type}" for argument in wanted or given) or "no input",
            remedy=_REMEDY,
        )
