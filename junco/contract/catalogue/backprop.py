"""Modified backpropagation: the way back through the network follows other rules than the chain rule."""

from junco.contract.catalogue.cards import MethodCard
from junco.contract.catalogue.parameters import NoParameters
from junco.contract.catalogue.words import Family, Method, View

BACKPROP: tuple[MethodCard, ...] = (
    MethodCard(
        name=Method.GUIDED_BACKPROP,
        family=Family.BACKPROP,
        title="Guided Backpropagation",
        view=View.SIGNED,
        deterministic=True,
        summary="The gradient with negative signals cut at every ReLU on the way back.",
        formula="R_in = 1{z > 0} * max(R_out, 0) at every ReLU",
        source="Springenberg et al., Striving for Simplicity, 2014",
        cost="1 gradient pass",
        parameters=NoParameters,
    ),
)
