"""Attention relevance: R = I, then R <- R + mean over heads of max(dz_c/dP * P, 0) R, block after block.

Chefer et al., Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers, 2021,
eq. 5 and 6 for self-attention; P = softmax(QK^T). [n, 1, h, w] on the grid of patches, not negative; the
read rows of R, as attention_rollout reads them. Cost: 1 gradient pass, shared with gradient and attention_rollout.
"""

import torch
from torch import Tensor

from junco.audit.explain.backward import Tapped, Wants
from junco.audit.explain.passes import Pass
from junco.audit.explain.registry import method
from junco.audit.explain.rollout import attention_of, no_attention, read, rolled
from junco.audit.model import Canonical
from junco.contract.catalogue import BetaParameters, Method


def _wants(_model: Canonical, parameters: BetaParameters) -> Wants:
    return Wants(attention=True, attention_gradient=True).under(parameters.beta)


@method(Method.ATTENTION_RELEVANCE, refuses=no_attention, wants=_wants)
def attention_relevance(run: Pass, parameters: BetaParameters) -> Tensor:
    """Attention weighted by its gradient and accumulated over blocks."""
    taps = run.smoothed(parameters.beta).attention(gradient=True)
    return read(attention_of(run.model), rolled(map(_step, taps)))


def _step(tap: Tapped) -> Tensor:
    """I + mean over heads of what speaks for the class: R + A R is (I + A) R."""
    speaks = (tap.gradient * tap.activations).relu().mean(dim=1)
    return speaks + torch.eye(speaks.shape[-1], dtype=speaks.dtype, device=speaks.device)
