"""The model whose logits have mean zero: z_k - mean_j z_j, the same probabilities, and the only score that they fix.

softmax(z + s(x) 1) = softmax(z) for every s, so a map of z_c may show s, of which no answer depends (science: Heo et
al. 2019 fool by fine-tuning; this offset needs none).
"""

import copy

from torch import Tensor, nn

from junco.audit.model import Canonical


def centred(z: Tensor) -> Tensor:
    """Logits [n, classes] less their mean over classes."""
    return z - z.mean(1, keepdim=True)


class Centre(nn.Module):
    """``centred`` as a layer."""

    def forward(self, z: Tensor) -> Tensor:
        """Logits [n, classes] with mean zero."""
        return centred(z)


def centred_model(model: Canonical) -> Canonical:
    """``model`` with its logits centred; weights are its own, the graph is a copy."""
    if not model.differentiable:
        return model.with_module(nn.Sequential(model.module, Centre()))
    module = copy.deepcopy(model.graph_module)
    module.add_module("junco_centre", Centre())
    last = next(node for node in module.graph.nodes if node.op == "output")
    (logits,) = last.all_input_nodes
    with module.graph.inserting_before(last):
        last.replace_input_with(logits, module.graph.call_module("junco_centre", (logits,)))
    module.graph.lint()
    module.recompile()
    return model.with_module(module)
