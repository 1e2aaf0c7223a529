"""For which graphs a family of rules is defined, and the reason where it is not."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from torch import fx

from junco.audit.explain.rules.parts import Anatomy
from junco.audit.explain.rules.roles import RECTIFIERS, THROUGH_ZERO, Part, Role
from junco.audit.model import Canonical

_EVERYWHERE = frozenset({Role.INPUT, Role.LAYER, Role.SCALE, Role.OFFSET, Role.MOVE, Role.SUM, Role.MAX})


@dataclass(frozen=True)
class Law:
    """What a family of rules has a formula for: roles, and names of activations."""

    family: str
    activations: AbstractSet[str]
    roles: AbstractSet[Role] = frozenset()
    gates: bool = False

    def refusal(self, model: Canonical) -> str | None:
        """Why the rules are undefined for ``model``, or None."""
        if not isinstance(model.module, fx.GraphModule):
            return f"{self.family} goes back through the model layer by layer, and the model shows no layers"
        anatomy = Anatomy(model.module)
        strangers = {_told(part) for _, part in anatomy.reached(gates=self.gates) if not self._knows(part)}
        if strangers:
            return f"{self.family} has no rule for {', '.join(sorted(strangers))}, which the model has"
        return None if anatomy.chains else f"{self.family} acts on layers, and the model has none"

    def _knows(self, part: Part) -> bool:
        if part.role is Role.ACTIVATION:
            return part.name in self.activations
        return part.role in _EVERYWHERE | self.roles


def _told(part: Part) -> str:
    known = part.role in (Role.ACTIVATION, Role.UNKNOWN)
    return part.name if known else part.role.value


ANY_ACTIVATION = THROUGH_ZERO | {"Sigmoid", "Hardsigmoid", "Softplus", "Hardtanh", "sigmoid", "softplus", "hardsigmoid"}

LRP = Law("LRP", THROUGH_ZERO, frozenset({Role.GATE, Role.ATTENTION, Role.NORM}))
"""Any activation with f(0) = 0; gates, attention weights and the deviation of a norm are held still."""

LRP_SIGNED = Law("LRP by the sign of contributions", THROUGH_ZERO, frozenset({Role.GATE, Role.ATTENTION}))
"""The same, but for norms: they have no contributions that are excitatory by themselves."""

NOT_NEGATIVE = Law("the z+ rule of networks of rectifiers", RECTIFIERS, frozenset({Role.GATE}))
"""Derived for activations that are never negative."""

DEEP_LIFT = Law("DeepLIFT", ANY_ACTIVATION, frozenset({Role.GATE, Role.PRODUCT}), gates=True)
"""Whatever takes one value to one; products."""

CHAIN_RULE = Law("the chain rule node by node", ANY_ACTIVATION, frozenset({Role.GATE, Role.PRODUCT}), gates=True)
"""Nodes whose every input is one of its sources; a norm's deviation and an attention's weights are none."""

DECONVOLUTION = Law("Deconvolution", frozenset({"ReLU", "relu"}) | RECTIFIERS)
"""Derived for ReLUs; a Ceiling is linear until it stops, where the gradient is the rule."""

PATTERNS = Law("the two-component estimator of patterns", RECTIFIERS)
"""Derived for ReLUs."""
