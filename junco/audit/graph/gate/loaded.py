"""The loaded program, node by node: the text was a claim, and this is what torch made of it."""

import torch

from junco.audit.graph.gate.operators import ATEN
from junco.audit.graph.gate.refusals import forbidden
from junco.audit.graph.nodes import nodes

_NEVER = frozenset(
    {"PythonOp", "IgnoredPythonOp", "fork", "awaitable", "awaitable_wait", "rpc_async", "rpc_sync", "rpc_remote"}
)


def require_known_operators(script: torch.jit.ScriptModule) -> None:
    """Raise ``ModelNotJudgeable`` if a method of the program holds an operator that models may not use."""
    for name in script._c._method_names():
        for node in nodes(script._c._get_method(name).inlined_graph):
            space, _, operator = node.kind().partition("::")
            if not (space == "aten" and operator in ATEN) and not (space == "prim" and operator not in _NEVER):
                raise forbidden(f"{node.kind()} in {name}")
