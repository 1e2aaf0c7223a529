"""The static gate: what a TorchScript archive may hold before torch reads it, told without executing any of it.

A filter and not the wall: the wall is the sandbox around the process that loads models. Source of the threats: torch's
own SECURITY.md, which treats TorchScript as locally executable code; loading alone may run ``__setstate__``.
"""

from junco.audit.graph.gate.entries import entries
from junco.audit.graph.gate.names import require_known_names
from junco.audit.graph.gate.text import require_known_text


def require_admissible(data: bytes) -> None:
    """Return if all that the archive's program and object trees name is known to be harmless.

    Raises ``ModelUnreadable`` for an archive that torch would not write, ``ModelNotJudgeable`` for operators, classes
    or methods that a model may not use.
    """
    found = entries(data)
    for name, tree in found.trees.items():
        require_known_names(name, tree)
    require_known_text(found.texts)
