import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore, S3Store

from junco.contract.base import digest_of
from junco.contract.errors import BlobCorrupt, StorageFull, Unavailable
from junco.storage import Blobs, StorageSettings, open_blobs
from junco.storage.blobs import key_of
from junco.storage.bucket import BucketBlobs
from junco.storage.folder import FolderBlobs
from junco.storage.room import Limits
from tests.servers import free_port
from tests.storage import s3

DATA = bytes(range(256)) * 10_000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["folder", "bucket in memory", "bucket in a folder", "bucket on a server"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    spool, limits = tmp_path / "spool", Limits(store=2 * len(DATA))
    match request.param:
        case "folder":
            return FolderBlobs(tmp_path / "blobs", spool, limits)
        case "bucket in memory":
            return BucketBlobs(MemoryStore(), spool, limits)
        case "bucket in a folder":
            return BucketBlobs(LocalStore(tmp_path / "bucket", mkdir=True), spool, limits)
        case _:
            return BucketBlobs(_on_a_server(request.getfixturevalue("s3_endpoint")), spool, limits)


def _on_a_server(endpoint: str) -> S3Store:
    """A bucket of its own on an S3-compatible server, over HTTP."""
    s3.make_bucket(endpoint, name := f"junco-{uuid.uuid4().hex}")
    access = {"access_key_id": "tests", "secret_access_key": "tests", "region": "us-east-1"}
    return S3Store(name, endpoint=endpoint, client_options={"allow_http": True}, **access)


def damage(blobs: Blobs, digest: str) -> None:
    """Put other bytes under the digest, as a failing disk does."""
    data = b"\1" + DATA[1:]
    if isinstance(blobs, FolderBlobs):
        place = blobs._root / key_of(digest)
        place.chmod(0o644)
        place.write_bytes(data)
    else:
        assert isinstance(blobs, BucketBlobs)
        obstore.put(blobs._store, key_of(digest), data)


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


@pytest.mark.parametrize("look", ["read", "fetch", "path"])
def test_damaged_bytes_are_noticed_on_every_read_and_moved_aside(blobs: Blobs, look: str, tmp_path: Path) -> None:
    """A flipped bit raises from whichever way of reading comes first; storing the bytes again heals."""
    if look == "path" and not isinstance(blobs, FolderBlobs):
        pytest.skip("a bucket has no paths")
    ways = {"read": blobs.read, "path": blobs.path, "fetch": lambda digest: blobs.fetch(digest, tmp_path / "copy")}
    blobs.put_stream([DATA])
    damage(blobs, DIGEST)
    with pytest.raises(BlobCorrupt) as caught:
        ways[look](DIGEST)
    assert (caught.value.expected, caught.value.found) == (DIGEST, digest_of(b"\1" + DATA[1:]))
    assert not (tmp_path / "copy").exists()
    assert not blobs.exists(DIGEST)
    assert blobs.quarantined() == 1
    assert list(blobs.listing()) == []
    blobs.put_stream([DATA])
    assert blobs.read(DIGEST) == DATA
    assert blobs.quarantined() == 1


def test_bytes_that_are_whole_at_a_second_look_stay(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What flipped the bit was the wire or the memory: another try may do, and nothing is moved."""
    blobs.put_stream([DATA])
    real, seen = blobs._chunks, []

    def once_wrong(digest: str) -> Iterator[bytes]:
        seen.append(digest)
        return iter([b"x"]) if len(seen) == 1 else real(digest)

    monkeypatch.setattr(blobs, "_chunks", once_wrong)
    with pytest.raises(Unavailable) as caught:
        blobs.read(DIGEST)
    assert caught.value.retryable
    assert blobs.read(DIGEST) == DATA
    assert blobs.quarantined() == 0


def test_a_listing_shows_every_blob_with_its_size_and_age(blobs: Blobs) -> None:
    """Not what was moved aside, nor what is being written; ages in seconds, under a minute here."""
    blobs.put_stream([DATA])
    blobs.put_stream([b"x"])
    with blobs.writer() as writer:
        writer.write(b"half")
        found = list(blobs.listing())
    assert {(kept.digest, kept.size) for kept in found} == {(DIGEST, len(DATA)), (digest_of(b"x"), 1)}
    # Object stores show whole seconds.
    assert all(-2 < kept.age < 60 for kept in found)
    assert blobs.age(DIGEST) is not None
    assert blobs.age(digest_of(b"nothing")) is None
    assert blobs.measure() == blobs.room.used == len(DATA) + 1


def test_uploads_end_where_the_store_is_full_and_results_do_not(blobs: Blobs, tmp_path: Path) -> None:
    """Two of the same bytes are one; what goes over the limit is refused while it comes, and leaves nothing."""
    blobs.put_stream([DATA], limited=True)
    blobs.put_stream([DATA], limited=True)
    assert blobs.room.used == len(DATA)
    came = []

    def bytes_without_end() -> Iterator[bytes]:
        while len(came) < 1000:
            came.append(None)
            yield DATA[: 1 << 18]

    with pytest.raises(StorageFull) as caught:
        blobs.put_stream(bytes_without_end(), limited=True)
    assert (caught.value.status, caught.value.code) == (507, "STORAGE_FULL")
    assert len(came) <= len(DATA) // (1 << 18) + 1
    assert list((tmp_path / "spool").iterdir()) == []
    blobs.put_stream([DATA[1:], DATA[1:]])
    blobs.delete(DIGEST)
    assert blobs.room.used == 2 * (len(DATA) - 1) == blobs.measure()


def test_an_upload_leaves_what_must_stay_free_on_the_disk(tmp_path: Path) -> None:
    """With more to spare than there is disk, every upload is refused; results are stored."""
    blobs = FolderBlobs(tmp_path / "blobs", tmp_path / "spool", Limits(spare=1 << 60))
    with pytest.raises(StorageFull, match="disk is full"):
        blobs.put_stream([b"x"], limited=True)
    assert blobs.read(blobs.put_stream([b"x"])[0]) == b"x"


def test_a_disk_without_room_is_told_by_name(tmp_path: Path) -> None:
    """Writing fails in the middle, and nothing stays."""
    blobs = FolderBlobs(tmp_path / "blobs", tmp_path / "spool")
    # /dev/full is the kernel's own full disk.
    with Path("/dev/full").open("wb", buffering=0) as full, blobs.writer() as writer:
        writer.write(b"some")
        writer._file = full
        with pytest.raises(StorageFull) as caught:
            writer.write(b"more")
    assert "No space left" in str(caught.value.found)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_renamed_is_on_the_disk_before_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, rename, folder, in that order: a crash leaves the whole blob or none. New folders reach the disk too."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def see_fsync(handle: int) -> None:
        name = str(Path(f"/proc/self/fd/{handle}").readlink())
        done.append("file" if "/up-" in name else f"folder {os.path.relpath(name, tmp_path)}")
        fsync(handle)

    def see_replace(self: Path, to: Path) -> Path:
        done.append("rename")
        return replace(self, to)

    monkeypatch.setattr(os, "fsync", see_fsync)
    monkeypatch.setattr(Path, "replace", see_replace)
    FolderBlobs(tmp_path / "blobs", tmp_path / "spool").put_stream([DATA])
    shelf = Path("blobs", key_of(DIGEST)).parent
    assert done == ["file", "folder .", "folder blobs", "folder blobs/sha256", "rename", f"folder {shelf}"]


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


def test_a_store_that_is_away_is_named_as_what_is_away(tmp_path: Path) -> None:
    """Writing, reading, looking, listing and removing: the same outage, which a client may wait out."""
    nobody = f"http://127.0.0.1:{free_port()}"
    access = {"access_key_id": "tests", "secret_access_key": "tests", "region": "us-east-1"}
    away = S3Store("b", endpoint=nobody, client_options={"allow_http": True}, retry_config={"max_retries": 0}, **access)
    blobs = BucketBlobs(away, tmp_path / "spool")
    acts = (
        lambda: blobs.put_stream([DATA]),
        lambda: blobs.read(DIGEST),
        lambda: blobs.exists(DIGEST),
        lambda: list(blobs.listing()),
        lambda: blobs.delete(DIGEST),
        lambda: blobs.set_aside(DIGEST),
        blobs.quarantined,
    )
    for act in acts:
        with pytest.raises(Unavailable, match="blob store does not answer") as caught:
            act()
        assert (caught.value.retryable, nobody in caught.value.problem().model_dump_json()) == (True, False)
