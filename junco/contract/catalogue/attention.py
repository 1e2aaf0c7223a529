"""Attention: maps made of what a transformer attends to."""

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import BetaParameters, NoParameters
from junco.contract.catalogue.words import Family, Method, View

ATTENTION: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.ATTENTION_ROLLOUT,
        family=Family.ATTENTION,
        title="Attention rollout",
        view=View.UNSIGNED,
        deterministic=True,
        gradients=False,
        summary="Attention of all blocks multiplied up, from the tokens that the classifier reads to the patches.",
        formula="A = the read rows of product over blocks of (mean over heads of softmax(QK^T) + I) / 2",
        source="Abnar & Zuidema, Quantifying Attention Flow in Transformers, 2020",
        cost="1 forward pass",
        parameters=NoParameters,
        blind_spots=(
            "The same map for every class. Ignores values, MLP blocks of the last layer and the classifier: destroying "
            "those alone leaves it as it is."
        ),
    ),
    MethodCard(
        name=Method.ATTENTION_RELEVANCE,
        family=Family.ATTENTION,
        title="Attention relevance",
        view=View.UNSIGNED,
        deterministic=True,
        summary="Attention weighted by its gradient and accumulated over blocks.",
        formula="A = the read rows of R; R = I, then R <- R + mean over heads of max(dz_c/dP * P, 0) R; P is attention",
        source="Chefer et al., Generic Attention-model Explainability, 2021",
        cost="1 gradient pass, shared with gradient and attention_rollout",
        parameters=BetaParameters,
        blind_spots=(
            "Evidence against the class is cut off in every block. Values and MLP blocks enter through the gradient "
            "only."
        ),
    ),
)
