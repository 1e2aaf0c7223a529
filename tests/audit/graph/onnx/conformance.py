"""ONNX's own conformance suite, run on the importer's operators: what passes, what is refused, what is out of scope."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import ModelProto, numpy_helper
from onnx.backend.test import loader

from junco.audit.graph.onnx.operators import every
from junco.audit.graph.onnx.policy import opset
from junco.audit.graph.onnx.program import read_graph, run
from junco.audit.graph.onnx.tensors import from_array
from junco.contract.errors import JuncoError

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
OUTCOMES = ("passed", "unsupported", "out of scope", "wrong")
DOCUMENT = Path(__file__).parents[4] / "docs" / "onnx.md"

_OPERATORS = every  # importing it fills the registry

_ELSEWHERE = {
    "training": {"Adagrad", "Adam", "Momentum", "Gradient", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"},
    "control flow": {"Loop", "Scan"},
    "recurrent": {"RNN", "LSTM", "GRU"},
    "random": {"Bernoulli", "RandomUniformLike", "RandomNormalLike", "RandomUniform", "RandomNormal", "Multinomial"},
    "text": {"RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"},
    "files": {"ImageDecoder"},
}
_TYPES = ("float8", "float4", "int4", "int2", "object", "complex")


def cases(kinds: tuple[str, ...] = KINDS) -> Iterator[loader.TestCase]:
    """Every case of the suite, with its model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in kinds:
            yield from loader.load_model_tests(kind=kind)


def outcome(case: loader.TestCase) -> tuple[str, str]:
    """One of ``OUTCOMES``, and what is behind it."""
    model = case.model or onnx.load(str(Path(case.model_dir) / "model.onnx"))
    elsewhere = _elsewhere(model)
    try:
        sets = _data(case)
        if elsewhere is None and any(_foreign(value) for inputs, outputs in sets for value in (*inputs, *outputs)):
            elsewhere = "element types"
        if elsewhere is not None:
            return "out of scope", elsewhere
        return _held(case, model, sets)
    except JuncoError as error:
        return "unsupported", f"{operator_of(case, model)}: {error.found}"


def operator_of(case: loader.TestCase, model: ModelProto) -> str:
    """The operator that a case is about: the last that is not in a function's body."""
    return str(model.graph.node[-1].op_type) if "expanded" not in case.name else "expanded functions"


def _elsewhere(model: ModelProto) -> str | None:
    names = {node.op_type for node in model.graph.node}
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        return "other domains"
    if any(name.startswith(("Sequence", "Optional")) or name.endswith("ToSequence") for name in names):
        return "sequences"
    if any(node.op_type == "Dropout" and len(node.input) > 2 for node in model.graph.node):
        return "training"
    if any(a.name == "training_mode" and a.i for node in model.graph.node for a in node.attribute):
        return "training"
    return next((topic for topic, known in _ELSEWHERE.items() if names & known), None)


def _data(case: loader.TestCase) -> list[tuple[list[object], list[object]]]:
    if case.data_sets is not None:
        return list(case.data_sets)
    folders = sorted(Path(case.model_dir).glob("test_data_set_*"))
    return [(_stored(folder, "input"), _stored(folder, "output")) for folder in folders]


def _stored(folder: Path, what: str) -> list[object]:
    files = sorted(folder.glob(f"{what}_*.pb"), key=lambda path: int(path.stem.rpartition("_")[2]))
    return [onnx.load_tensor(str(path)) for path in files]


def _array(value: object) -> np.ndarray:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def _foreign(value: object) -> bool:
    """Whether a value is of a type that no classifier computes in."""
    if isinstance(value, list | dict) or value is None:
        return True
    return any(name in _array(value).dtype.name for name in _TYPES)


def _held(case: loader.TestCase, model: ModelProto, sets: list[tuple[list[object], list[object]]]) -> tuple[str, str]:
    graph = read_graph(model.graph, opset(model))
    for inputs, outputs in sets:
        names = [value.name for value in model.graph.input]
        feeds = {name: from_array(_array(value)) for name, value in zip(names, inputs, strict=False)}
        with torch.no_grad():
            answers = run(graph, feeds)
        for name, wanted in zip(graph.outputs, outputs, strict=True):
            fault = _fault(case, answers[name], from_array(_array(wanted)))
            if fault is not None:
                return "wrong", f"{case.name}: {fault}"
    return "passed", ""


def _fault(case: loader.TestCase, found: torch.Tensor, wanted: torch.Tensor) -> str | None:
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return f"{found.dtype} {list(found.shape)} for {wanted.dtype} {list(wanted.shape)}"
    # The suite's tolerances are for float32; half types round four times as coarsely as they resolve.
    resolution = 4 * torch.finfo(wanted.dtype).eps if wanted.dtype in (torch.float16, torch.bfloat16) else 0.0
    close = torch.allclose(
        found.double(), wanted.double(), rtol=max(case.rtol, resolution), atol=max(case.atol, 1e-7), equal_nan=True
    )
    return None if close else f"off by {float((found.double() - wanted.double()).abs().max())}"


def document() -> str:
    """The table of outcomes as it is committed under docs/."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in KINDS:
        for case in cases((kind,)):
            result, why = outcome(case)
            counts[kind][result] += 1
            reasons[result][why.partition(":")[0] or "-"] += 1
    lines = [_HEAD.format(version=onnx.__version__, opset=onnx.defs.onnx_opset_version())]
    lines += ["| kind | cases | " + " | ".join(OUTCOMES) + " |", "|---" * (2 + len(OUTCOMES)) + "|"]
    for kind, count in counts.items():
        lines.append(f"| {kind} | {count.total()} | " + " | ".join(str(count[name]) for name in OUTCOMES) + " |")
    for name in ("unsupported", "out of scope"):
        lines += ["", f"## {name.capitalize()}", ""]
        lines += [f"- {why}: {count}" for why, count in sorted(reasons[name].items())]
    return "\n".join(lines) + "\n"


_HEAD = """# ONNX operators

Junco reads ONNX files of opset 7 to {opset} with an importer of its own. Its operators are held against the conformance
suite that comes with onnx {version}: each case runs on the suite's inputs, and its answers must have its types
and shapes and agree within its tolerances. A file that uses what is unsupported or out of scope has no gradients: it is
run by onnxruntime, as a black box whose inspection names the operator ([models.md](models.md)). Nothing is
approximated.

`tests/audit/graph/onnx/test_conformance.py` runs the suite and compares this page with what it finds. To write it anew:
`python -m tests.audit.graph.onnx.conformance`.
"""

if __name__ == "__main__":
    DOCUMENT.write_text(document())
