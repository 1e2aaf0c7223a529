"""Maps by relevance, and what they must sum to."""

from torch import Tensor

from junco.audit.explain.passes import Pass
from junco.audit.explain.rules.passage import Traced, carried
from junco.audit.explain.rules.relevance import Rules, absorbed, relevance
from junco.contract.catalogue import RelevanceParameters


def shared_out(run: Pass, parameters: RelevanceParameters, rules: Rules) -> Tensor:
    """The target's relevance at the image, [n, C, H, W]."""
    return carried(run, lambda part: relevance(part.trace, part.started(parameters), rules))


def due(run: Pass, parameters: RelevanceParameters, rules: Rules) -> Tensor:
    """What the map of each image must sum to, [n]: all that it started with, less what the rules say is absorbed."""

    def carry(part: Traced) -> Tensor:
        start = part.started(parameters)
        return start.sum(1) - absorbed(part.trace, start, rules)

    return carried(run, carry)
