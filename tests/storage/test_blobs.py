import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from junco.contract.errors import BlobCorrupt, Unavailable
from junco.storage import Blobs, StorageSettings, open_blobs
from junco.storage.blobs import key_of
from junco.storage.bucket import BucketBlobs
from junco.storage.folder import FolderBlobs

DATA = bytes(range(256)) * 10_000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["folder", "bucket in memory", "bucket in a folder"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    spool = tmp_path / "spool"
    match request.param:
        case "folder":
            return FolderBlobs(tmp_path / "blobs", spool)
        case "bucket in memory":
            return BucketBlobs(MemoryStore(), spool)
        case _:
            return BucketBlobs(LocalStore(tmp_path / "bucket", mkdir=True), spool)


def chunks() -> Iterator[bytes]:
    for start in range(0, len(DATA), 70_001):
        yield DATA[start : start + 70_001]


def test_a_stream_is_found_again_under_its_digest(blobs: Blobs, tmp_path: Path) -> None:
    """Whole, as a stream and as a file; the spool is empty afterwards."""
    assert blobs.put_stream(chunks()) == (DIGEST, len(DATA))
    assert blobs.exists(DIGEST)
    assert blobs.read(DIGEST) == DATA
    assert blobs.fetch(DIGEST, tmp_path / "copy").read_bytes() == DATA
    assert list((tmp_path / "spool").iterdir()) == []


def test_storing_twice_is_storing_once(blobs: Blobs, tmp_path: Path) -> None:
    """The same bytes have the same address, from a stream or a file."""
    blobs.put_stream(chunks())
    (tmp_path / "file").write_bytes(DATA)
    assert blobs.put_file(tmp_path / "file") == (DIGEST, len(DATA))
    assert blobs.read(DIGEST) == DATA


def test_a_stream_that_breaks_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    """Neither a blob nor a spool file."""

    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.put_stream(broken())
    assert not blobs.exists(DIGEST)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_not_there_is_corrupt(blobs: Blobs, tmp_path: Path) -> None:
    """A missing blob is a named error, and leaves no half file; after a delete as well."""
    blobs.put_stream([DATA])
    blobs.delete(DIGEST)
    blobs.delete(DIGEST)
    assert not blobs.exists(DIGEST)
    with pytest.raises(BlobCorrupt) as caught:
        blobs.fetch(DIGEST, tmp_path / "copy")
    assert caught.value.found == "nothing"
    assert not (tmp_path / "copy").exists()
    with pytest.raises(Unavailable):
        blobs.require(DIGEST)


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    """Zero bytes are stored and read."""
    digest, size = blobs.put_stream([])
    assert (blobs.read(digest), size) == (b"", 0)


def test_the_probe_passes_on_a_store_that_works(blobs: Blobs) -> None:
    """And twice, as readiness asks often."""
    blobs.check()
    blobs.check()
    assert blobs.exists("sha256:" + hashlib.sha256(b"junco readiness probe").hexdigest())


def test_damaged_bytes_are_noticed_on_every_read(tmp_path: Path) -> None:
    """A flipped bit on disk raises from read, fetch and path."""
    blobs = FolderBlobs(tmp_path / "blobs", tmp_path / "spool")
    blobs.put_stream([DATA])
    place = blobs.path(DIGEST)
    assert place.read_bytes() == DATA
    place.chmod(0o644)
    place.write_bytes(b"\1" + DATA[1:])
    for look in (blobs.read, blobs.path, lambda digest: blobs.fetch(digest, tmp_path / "copy")):
        with pytest.raises(BlobCorrupt):
            look(DIGEST)
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "sha256:" + "A" * 64, "sha256:" + "0" * 63, ""])
def test_only_digests_are_addresses(name: str) -> None:
    """No other string ever becomes a path."""
    with pytest.raises(ValueError, match="not a sha256"):
        key_of(name)


def test_a_url_chooses_the_store(tmp_path: Path) -> None:
    """A folder in home by default, another folder for file://, a bucket for the rest."""
    own = open_blobs(StorageSettings(home=tmp_path))
    digest, _ = own.put_stream([b"x"])
    assert own.path(digest).is_relative_to(tmp_path / "blobs")
    other = open_blobs(StorageSettings(home=tmp_path, blobs_url=f"file://{tmp_path / 'other'}"))
    digest, _ = other.put_stream([b"x"])
    assert other.path(digest).is_relative_to(tmp_path / "other")
    bucket = open_blobs(StorageSettings(home=tmp_path, blobs_url="memory://"))
    digest, _ = bucket.put_stream([b"x"])
    assert bucket.path(digest) is None
    assert bucket.read(digest) == b"x"


def test_the_spool_is_cleared_of_what_the_dead_left(tmp_path: Path) -> None:
    """Old files go; an upload in flight stays and can be committed."""
    blobs = FolderBlobs(tmp_path / "blobs", tmp_path / "spool")
    with blobs.writer() as writer:
        writer.write(DATA)
        left = tmp_path / "spool" / "up-dead"
        left.write_bytes(b"half")
        os.utime(left, (1.0, 1.0))
        assert blobs.clear_spool(older_than_seconds=3600.0) == 1
        assert not left.exists()
        assert writer.commit() == (DIGEST, len(DATA))
