"""Noise in the broker's queue, as a real Redis hands it out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kombu import Connection, Queue
from kombu.transport import resolve_transport

from tests.servers import redis_server
from worker.transport import Tolerant, install

NOISE = (b"not json", b"", b"[1]", b'{"body": "bm90IGpzb24=", "headers": {}}')
QUEUE = Queue("bell")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as made:
        yield made


def heard(url: str, transport: str, noise: bytes) -> list[object]:
    """What a consumer hears of a message before ``noise`` and one after it."""
    found: list[object] = []
    with Connection(url, transport=transport) as connection, connection.channel() as channel:
        with connection.Producer() as producer:
            producer.publish({"n": 1}, routing_key=QUEUE.name, declare=[QUEUE])
            redis.Redis.from_url(url).lpush(QUEUE.name, noise)
            producer.publish({"n": 2}, routing_key=QUEUE.name)
        consumer = connection.Consumer(
            QUEUE, channel=channel, no_ack=True, on_message=lambda m: found.append(m.payload)
        )
        with consumer, contextlib.suppress(TimeoutError):
            while len(found) < 2:
                connection.drain_events(timeout=10)
    return found


@pytest.mark.parametrize("noise", NOISE)
def test_a_message_that_nobody_understands_is_dropped_and_counted(url: str, noise: bytes) -> None:
    """The next one is heard."""
    before = Tolerant.Channel.dropped
    assert heard(url, "worker.transport:Tolerant", noise) == [{"n": 1}, {"n": 2}]
    assert Tolerant.Channel.dropped == before + 1


def test_without_it_the_reader_ends(url: str) -> None:
    """Which is why it is there."""
    with pytest.raises(ValueError, match="Expecting value"):
        heard(url, "kombu.transport.redis:Transport", NOISE[0])


def test_the_worker_reads_its_broker_by_it() -> None:
    """By the scheme of the broker's URL, with and without encryption."""
    install()
    assert {resolve_transport(scheme) for scheme in ("redis", "rediss")} == {Tolerant}
