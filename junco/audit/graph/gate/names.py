"""Classes and functions that an archive's object trees name, read opcode by opcode without building anything."""

import pickletools
import re

from junco.audit.graph.gate.refusals import forbidden, strange

_KNOWN = re.compile(
    r"collections OrderedDict"
    r"|torch\._utils _rebuild_(?:tensor|tensor_v2|parameter)"
    r"|torch (?:Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|ComplexFloat|ComplexDouble)Storage"
    r"|torch\.jit\._pickle (?:build_(?:int|tensor|double|bool)list|restore_type_tag)"
    r"|torch device"
    r"|__torch__(?!\.torch\.classes\b)[\w.]* \w+"
)
_NEVER = frozenset({"STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "PERSID"})
"""Ways of naming that torch's writer does not use, and that a reader of opcodes cannot follow."""


def require_known_names(name: str, tree: bytes) -> None:
    """Raise ``ModelNotJudgeable`` for what no plain model names, ``ModelUnreadable`` for what is no tree."""
    try:
        operations = [(operation.name, argument) for operation, argument, _ in pickletools.genops(tree)]
    except Exception as error:  # genops raises of every kind on damaged trees
        raise strange(
            f"{name} is no object tree ({type(error).__name__})", "object trees as torch writes them"
        ) from error
    for operation, argument in operations:
        if operation in _NEVER:
            raise strange(f"{operation} in {name}", "object trees as torch writes them")
        if operation == "GLOBAL" and not _KNOWN.fullmatch(str(argument)):
            raise forbidden(f"{str(argument)[:120]} in {name}")
