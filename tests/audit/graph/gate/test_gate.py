"""The static gate: honest archives pass; what names more than arithmetic is refused before torch reads it."""

import io
import time
import zipfile

import pytest
import torch

from junco.audit.graph.gate import require_admissible
from junco.audit.graph.gate.loaded import require_known_operators
from junco.audit.graph.gate.operators import ATEN
from junco.audit.graph.load import load
from junco.contract.errors import ModelNotJudgeable, ModelUnreadable
from tests.audit.graph.gate import hostile
from tests.truth import models


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("build", [models.small_cnn, models.mobile, models.dict_out, models.tied, models.attention])
def test_honest_archives_pass(build, kind):
    """Text, trees and loaded program of every kind of export."""
    data = models.as_torchscript(build(), models.IMAGE, kind)
    require_admissible(data)
    require_known_operators(torch.jit.load(io.BytesIO(data)))


def test_standard_layers_pass():
    """Recurrent, attention, normalising and resampling layers name many more operators than a small classifier."""
    for layer in (
        torch.nn.LSTM(3, 4),
        torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(8, 2, batch_first=True), 1),
        torch.nn.Upsample(scale_factor=2, mode="bicubic"),
        torch.nn.InstanceNorm2d(3, affine=True),
    ):
        require_admissible(hostile.saved(layer))


def test_a_program_that_acts_while_it_is_loaded_is_refused_before(tmp_path):
    """Control first: torch alone writes the file."""
    written = tmp_path / "written"
    data = hostile.saved(hostile.SetState(str(written)))
    torch.jit.load(io.BytesIO(data))
    assert written.exists()
    written.unlink()
    with pytest.raises(ModelNotJudgeable) as refusal:
        load(data, input_shape=models.IMAGE)
    assert "__setstate__" in refusal.value.found or "ops.aten.save" in refusal.value.found
    assert not written.exists()


@pytest.mark.parametrize(
    "line",
    [
        'a = torch.from_file("/etc/passwd", False, 10)',
        'a = ops.aten.from_file("/etc/passwd", False, 10)',
        'ops.aten.save(x, "/tmp/x")',
        "a = torch.manual_seed(1)",
        "a = ops.c10d.barrier(x)",
        "a = ops.symm_mem.one_shot_all_reduce(x)",
        "a = ops.debugprims.load_tensor(x)",
        "a = ops.prim.rpc_sync(x)",
        "a = ops.prim.PythonOp(x)",
        "a = torch.set_(x, x)",
        "a = ops.quantized.linear(x)",
        "a = torch.nn.functional.relu(x)",
        "a = fork(x)",
        "a = wait(x)",
        "a = eval",
        'a = open("/etc/passwd")',
        "a = torch",
        "a = ops.aten",
        "a = ops",
        "a = fork.b",
        'a = (x).save("/tmp/x")',
        'a = (1).from_file("/tmp/x")',
        "a = (x).numpy()",
        "a = __torch__.torch.classes.quantized.Conv2dPackedParamsBase",
        "import os",
    ],
)
def test_programs_that_name_what_models_may_not_use_are_refused(line):
    """Files, other processes, global state, unknown names: in any spelling, called or only mentioned."""
    with pytest.raises(ModelNotJudgeable):
        require_admissible(hostile.with_line(line))


@pytest.mark.parametrize(
    "line",
    [
        "a = " + "(" * 20_000 + "x" + ")" * 20_000,
        "a = " + "-" * 5_000 + "1",
        "a = " + "torch.relu(" * 190 + "x" + ")" * 190,
        "a = x" + ".b" * 50_000,
        "a = lambda x: x",
        "a = [b for b in x]",
        "torch = 1",
        "a = 'ü'",
        "a = (",
        "\0",
        "async def a(): pass",
        "global torch",
        "del x",
        'getattr(x, "relu")()',
        'a = getattr(torch, "from_file")("/etc/passwd", False, 10)',
        'a = getattr(ops.aten, "from_file")("/etc/passwd", False, 10)',
    ],
    ids=lambda line: line[:20],
)
def test_texts_that_torch_would_not_print_are_refused(line):
    """Bombs for parsers among them: torch's own dies of a thousand brackets."""
    began = time.monotonic()
    with pytest.raises((ModelUnreadable, ModelNotJudgeable)):
        require_admissible(hostile.with_line(line))
    assert time.monotonic() - began < 10


def test_a_harmless_line_more_is_no_reason():
    """Control: the same change with an honest line passes and runs."""
    data = hostile.with_line("a = torch.relu(torch.ones([1]))")
    require_admissible(data)
    assert torch.jit.load(io.BytesIO(data))(torch.zeros(1, *models.IMAGE)).shape == (1, 10)


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (b"cposix\nsystem\n(S'true'\ntR.", ModelNotJudgeable),
        (b"\x80\x02cbuiltins\neval\nq\x00.", ModelNotJudgeable),
        (b"\x80\x02c__torch__.torch.classes.dist_rpc\nWorkerInfo\n.", ModelNotJudgeable),
        (b"\x80\x02ctorch._utils\n_rebuild_qtensor\n.", ModelNotJudgeable),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", ModelUnreadable),
        (b"(iposix\nsystem\n.", ModelUnreadable),
        (b"\x80\x02\x82\x01.", ModelUnreadable),
        (b"garbage", ModelUnreadable),
        (b"\x80\x02X\xff\xff\xff\x7fx.", ModelUnreadable),
    ],
)
def test_trees_that_name_functions_are_refused_without_being_built(tree, error):
    """Pickles are read opcode by opcode."""
    with pytest.raises(error):
        require_admissible(hostile.with_tree(tree))


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("small/../../etc/passwd", zipfile.ZIP_STORED),
        ("/etc/passwd", zipfile.ZIP_STORED),
        ("elsewhere/data/0", zipfile.ZIP_STORED),
        ("archive/code/a\\b.py", zipfile.ZIP_STORED),
        ("archive/lib/evil.so", zipfile.ZIP_STORED),
        ("archive/data/99", zipfile.ZIP_DEFLATED),
        ("archive/code/__torch__/x.py", zipfile.ZIP_BZIP2),
        ("archive/version", zipfile.ZIP_STORED),
    ],
)
def test_entries_that_torch_would_not_write_are_refused(name, method):
    """Names that lead outside, folders and packings of another kind, and two entries of one name."""
    top = zipfile.ZipFile(io.BytesIO(hostile.honest("traced"))).namelist()[0].partition("/")[0]
    with pytest.raises(ModelUnreadable):
        require_admissible(hostile.with_entry(name.replace("archive/", f"{top}/"), b"1\n", method=method))


def test_a_deflate_bomb_is_refused_without_being_unpacked():
    """A weight of half a gigabyte in half a megabyte: told by the directory alone."""
    top = zipfile.ZipFile(io.BytesIO(hostile.honest("traced"))).namelist()[0].partition("/")[0]
    bomb = hostile.with_entry(f"{top}/data/99", bytes(512 << 20), method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    began = time.monotonic()
    with pytest.raises(ModelUnreadable):
        load(bomb)
    assert time.monotonic() - began < 1


def test_what_torch_makes_of_a_text_is_held_against_the_same_list():
    """Should the two parsers ever differ: an operator in the loaded program is found there too."""

    class Seeds(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.manual_seed(1)
            return x

    with pytest.raises(ModelNotJudgeable, match="may not use") as refusal:
        require_known_operators(torch.jit.script(Seeds()))
    assert refusal.value.found == "aten::manual_seed in forward"


def test_every_allowed_operator_exists_and_none_reaches_a_file_or_another_process():
    """Against torch's own list of schemas: no file name, no process group, no storage or stream among the arguments."""
    schemas = [s for s in torch._C._jit_get_all_schemas() if s.name.startswith("aten::")]
    assert {s.name.removeprefix("aten::") for s in schemas} >= ATEN
    told = [
        (s.name, a.name, str(a.type))
        for s in schemas
        if s.name.removeprefix("aten::") in ATEN
        for a in s.arguments
        if (a.name in ("filename", "group", "group_name", "path") and "str" in str(a.type))
        or any(kind in str(a.type) for kind in ("Storage", "Stream", "__torch__"))
    ]
    assert told == []
