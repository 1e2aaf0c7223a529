"""Program texts, parsed with Python's ``ast`` and never run: every name that they use must be known.

TorchScript's text is Python's, so the two parsers see the same program; what Python's cannot parse is refused.
Operators are spelled ``torch.NAME`` and ``ops.NAMESPACE.NAME``. A name may be bound and used later, so every mention
counts, not only every call.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from junco.audit.graph.gate.operators import ATEN, PRIM
from junco.audit.graph.gate.refusals import forbidden, strange

DEEPEST = 150
"""Nesting of expressions and blocks: torch's parser calls itself for each level and dies of thousands."""
_ROOTS = frozenset({"torch", "ops", "__torch__", "CONSTANTS"})
_BUILTINS = frozenset(
    {"annotate", "bool", "complex", "float", "getattr", "hasattr", "inf", "int", "isinstance", "nan", "print", "range"}
    | {"str", "unchecked_cast", "uninitialized", "__annotations__", "Tensor", "List", "Dict", "Optional", "Tuple"}
    | {"Union", "number", "NoneType", "Device", "Layout", "Any", "Final", "Module", "NamedTuple", "Enum", "Interface"}
    | {
        "Scalar",
        "ModuleInterface",
        "Exception",
        "NoReturn",
        "Generator",
        "Stream",
        "AnyEnumType",
        "AnyList",
        "AnyTuple",
    }
)
"""Names that the printer of TorchScript uses; ``fork``, ``wait`` and what calls other machines are not here."""
_HOOKS = frozenset({"__setstate__", "__getstate__", "__del__"})
_NODES = (
    ast.Module, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.AnnAssign,
    ast.Expr, ast.Pass, ast.Return, ast.If, ast.For, ast.While, ast.With, ast.withitem, ast.Attribute, ast.Name,
    ast.Constant,
    ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.Dict, ast.Call, ast.keyword, ast.UnaryOp, ast.BinOp, ast.BoolOp,
    ast.Compare, ast.IfExp, ast.Raise, ast.Assert, ast.Break, ast.Continue, ast.Starred, ast.Import, ast.alias,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


@dataclass(frozen=True)
class _Scope:
    """Names that texts define: variables of one text, methods and functions of all."""

    bound: frozenset[str]
    methods: frozenset[str]


def require_known_text(texts: Mapping[str, str]) -> None:
    """Raise ``ModelNotJudgeable`` for an unknown name, ``ModelUnreadable`` for a text that torch would not print."""
    trees = {name: _parsed(name, text) for name, text in texts.items()}
    nodes = {name: list(_nodes(name, tree)) for name, tree in trees.items()}
    methods = frozenset(n.name for found in nodes.values() for n in found if isinstance(n, ast.FunctionDef))
    for name, found in nodes.items():
        scope = _Scope(frozenset(_bound(found)), methods)
        if taken := scope.bound & _ROOTS:
            raise strange(
                f"{sorted(taken)[0]!r} given another meaning in {name[:80]}", "program text as torch prints it"
            )
        _require_known(found, scope, name)


def _parsed(name: str, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise strange(f"{name[:80]} cannot be parsed: {said}", "program text as torch prints it") from error


def _nodes(name: str, tree: ast.Module) -> Iterator[ast.AST]:
    """Every node, with a bound on the depth; without recursion of our own."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            raise strange(f"text nested over {DEEPEST} deep in {name[:80]}", "program text as torch prints it")
        if not isinstance(node, _NODES):
            raise strange(f"{type(node).__name__} in {name[:80]}", "program text as torch prints it")
        yield node
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


def _bound(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name


def _require_known(nodes: list[ast.AST], scope: _Scope, where: str) -> None:
    inside = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name in _HOOKS:
            raise forbidden(f"{node.name}, which runs while the file is loaded, in {where[:80]}")
        if isinstance(node, ast.alias) and not node.name.startswith("__torch__"):
            raise forbidden(f"import {node.name[:80]} in {where[:80]}")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in inside:
            if node.id not in scope.bound and node.id not in _BUILTINS:
                raise forbidden(f"{node.id[:80]} in {where[:80]}")
        elif isinstance(node, ast.Attribute) and id(node) not in inside:
            _require_known_chain(_chain(node), scope, where)
        if isinstance(node, ast.Call):
            _require_known_call(node.func, scope, where)


def _chain(node: ast.Attribute) -> list[str]:
    """``a.b.c`` as its parts; the first is empty where it is no name."""
    parts: list[str] = []
    value: ast.expr = node
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    return [value.id if isinstance(value, ast.Name) else "", *reversed(parts)]


def _require_known_chain(chain: list[str], scope: _Scope, where: str) -> None:
    match chain:
        case ["torch", name] if name in ATEN:
            return
        case ["ops", "aten", name] if name in ATEN:
            return
        case ["ops", "prim", name] if name in PRIM:
            return
        case ["__torch__", "torch", "classes", *_]:
            pass
        case ["__torch__" | "CONSTANTS" | "", *_]:
            return
        case [root, *_] if root in scope.bound:
            return
    raise forbidden(f"{'.'.join(chain)[:120]} in {where[:80]}")


def _require_known_call(function: ast.expr, scope: _Scope, where: str) -> None:
    """Calls on values reach the file's own methods, or operators in the spelling of methods."""
    if isinstance(function, ast.Name):
        return  # held against the known names as every name is
    if not isinstance(function, ast.Attribute):
        raise strange(f"a call of what {type(function).__name__} gives in {where[:80]}", "calls by name")
    chain = _chain(function)
    if chain[0] in _ROOTS or chain[-1] in scope.methods or chain[-1] in ATEN or chain[-1] in ("__new__", "__init__"):
        return
    raise forbidden(f"a call of {chain[-1][:80]} in {where[:80]}")
