"""Archives whose object trees claim what is not there, and programs that would end the process."""

import io
import pickle
import warnings
import zipfile

import pytest

from junco.audit.graph import load
from junco.audit.graph.sniff import require_torchscript
from junco.contract.errors import ModelNotJudgeable, ModelUnreadable
from tests.truth import models


def _changed(data: bytes, ending: str | tuple[str, ...], change) -> bytes:
    """The archive with the records of that ending changed, under right checksums."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith(ending) else old.read(name))
    return buffer.getvalue()


@pytest.fixture(scope="module", params=models.KINDS)
def whole(request) -> bytes:
    return models.as_torchscript(models.small_cnn(), models.IMAGE, request.param)


def test_a_whole_archive_is_sound(whole):
    """Scripted, traced and frozen: the weights' claims are true."""
    require_torchscript(whole)


@pytest.mark.parametrize(
    "change", [lambda b: b"", lambda b: b[:-4], lambda b: b[:1]], ids=["none", "one off", "a byte"]
)
def test_a_weight_that_claims_more_than_its_record_holds_is_refused(whole, change):
    """Torch would read on beyond the record's end."""
    records = [folder for folder in ("data/0", "constants/0") if any(n.endswith(folder) for n in _names(whole))]
    assert records
    for record in records:
        with pytest.raises(ModelUnreadable) as refusal:
            load(_changed(whole, record, change))
        assert "claimed to hold" in str(refusal.value.found)


def test_a_view_beyond_its_storage_is_refused(whole):
    """The storage is as large as it says, the tensor over it is larger: the number of classes, as one byte."""
    shape = b"K\x0aK\x10t"  # (10, 16), the last layer's weight
    with pytest.raises(ModelUnreadable) as refusal:
        load(_changed(whole, ".pkl", lambda b: b.replace(shape, b"K\xfaK\x10t")))
    assert "[250, 16]" in str(refusal.value.found)


def test_nothing_in_a_tree_is_called():
    """A tree that names what would run code is walked without running it."""

    class Harmful:
        def __reduce__(self):
            return (exec, ("raise SystemExit(7)",))

    data = models.as_torchscript(models.small_cnn(), models.IMAGE, "scripted")
    with pytest.raises((ModelUnreadable, ModelNotJudgeable)):
        load(_changed(data, "data.pkl", lambda _: pickle.dumps(Harmful(), protocol=2)))


@pytest.mark.parametrize("name", ["data.pkl", "constants.pkl"])
def test_a_tree_that_is_none_is_refused(whole, name):
    """Whatever the unpickler raises."""
    with pytest.raises(ModelUnreadable) as refusal:
        load(_changed(whole, name, lambda b: b[: len(b) // 2]))
    assert "cannot be read" in str(refusal.value.found)


def test_identity_of_what_has_none_is_refused():
    """``stride is 0`` where scripting wrote ``stride is None``: torch dies of it."""
    data = models.as_torchscript(models.small_cnn(), models.IMAGE, "scripted")
    assert b"torch.__is__(stride, None)" in b"".join(_texts(data))
    with pytest.raises(ModelUnreadable) as refusal:
        load(_changed(data, ".py", lambda b: b.replace(b"torch.__is__(stride, None)", b"torch.__is__(stride, 0)")))
    assert "torch.__is__(stride, 0)" in str(refusal.value.found)


def test_identity_of_tensors_is_no_crime():
    """As scripted attention compares query, key and value."""
    data = models.as_torchscript(models.attention(), models.IMAGE, "scripted")
    assert b"torch.__is__(query, key)" in b"".join(_texts(data))
    require_torchscript(data)


def _names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def _texts(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist() if name.endswith(".py")]


def test_an_archive_that_would_unpack_to_gigabytes_is_refused_unpacked():
    """By its directory alone: a few kilobytes of zeros that become a hundred megabytes."""
    data, buffer = models.as_torchscript(models.small_cnn(), models.IMAGE, "traced"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, bytes(100 << 20) if name.endswith("data/0") else old.read(name))
    assert len(buffer.getvalue()) < 1 << 18
    with pytest.raises(ModelUnreadable) as refusal:
        load(buffer.getvalue())
    assert "unpack to" in str(refusal.value.found)


@pytest.mark.parametrize("spelt", [str, str.upper], ids=["same", "other case"])
def test_two_records_of_one_name_are_refused(whole, spelt):
    """Python's reader would take one of them and torch the other; torch does not look at case."""
    buffer = io.BytesIO(whole)
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(spelt(next(n for n in archive.namelist() if n.endswith("data.pkl"))), b"")
    with pytest.raises(ModelUnreadable) as refusal:
        require_torchscript(buffer.getvalue())
    assert "one name" in str(refusal.value.found)


def test_a_second_folder_lends_no_sizes(whole):
    """A larger record of the same name in another folder does not make up for one that is too short."""
    buffer = io.BytesIO(_changed(whole, ("/data/0", "/constants/0"), lambda b: b[:1]))
    with zipfile.ZipFile(buffer, "a") as archive:
        for folder in ("data", "constants"):
            archive.writestr(f"other/{folder}/0", bytes(1 << 16))
    with pytest.raises(ModelUnreadable):
        require_torchscript(buffer.getvalue())
