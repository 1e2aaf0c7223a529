import pytest

from junco.storage import Records
from tests.storage.samples import request
from tests.storage.steps import inspect, shard_count, take


def test_every_new_piece_rings_once(records: Records, model: str) -> None:
    """Inspection at upload, shards after it, each announced a single time."""
    rung: list[str] = []
    assert records.publish_pending(rung.append) == 1
    assert records.publish_pending(rung.append) == 0
    records.submit(request())
    inspect(records)
    assert records.publish_pending(rung.append) == shard_count()
    assert len(set(rung)) == 1 + shard_count()


def test_a_bell_that_breaks_rings_later(records: Records, model: str) -> None:
    """A broker that is away loses nothing."""

    def broken(_: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        records.publish_pending(broken)
    rung: list[str] = []
    assert records.publish_pending(rung.append) == 1


def test_work_that_was_claimed_meanwhile_is_not_announced(records: Records, model: str) -> None:
    """An embedded worker was quicker."""
    take(records)
    assert records.publish_pending(lambda _: None) == 0


def test_a_bell_that_nobody_heard_rings_again(records: Records, model: str) -> None:
    """Queued work is announced anew after republish_seconds: a flushed broker costs time only."""
    impatient = Records(records._database, records._settings.model_copy(update={"republish_seconds": 1e-6}))
    rung: list[str] = []
    impatient.publish_pending(rung.append)
    assert impatient.sweep().rung_again == 1
    impatient.publish_pending(rung.append)
    assert len(rung) == 2
    assert rung[0] == rung[1]
    take(impatient)
    assert impatient.sweep().rung_again == 0
