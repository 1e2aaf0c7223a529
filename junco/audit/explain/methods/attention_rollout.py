"""Attention rollout: A = the read rows of the product over blocks of (mean over heads of P + I) / 2, P = softmax(QK^T).

Abnar & Zuidema, Quantifying Attention Flow in Transformers, 2020; the half and the identity stand for the residual
connection. [n, 1, h, w] on the grid of patches, in [0, 1]; the same for every class. Read is the class token's row, or
the mean over tokens where the classifier averages them. Cost: 1 forward pass.
"""

import torch
from torch import Tensor

from junco.audit.explain.backward import Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rollout import attention_of, no_attention, read, rolled
from junco.contract.catalogue import Method, NoParameters


@method(Method.ATTENTION_ROLLOUT, refuses=no_attention, wants=lambda _model, _parameters: Wants(attention=True))
def attention_rollout(run: Pass, parameters: NoParameters) -> Tensor:  # noqa: ARG001 - every method takes its parameters
    """Attention of all blocks multiplied up."""
    heads = [tap.activations.mean(dim=1) for tap in run.attention(gradient=False)]
    eye = torch.eye(heads[0].shape[-1], dtype=heads[0].dtype, device=heads[0].device)
    # Rows of softmax and identity sum to 1, and so do their halves: nothing is left to normalise.
    return read(attention_of(run.model), rolled((head + eye) / 2 for head in heads))
