import asyncio
from contextlib import asynccontextmanager

import pytest

from benchmarks.load import Target, latencies, throughput
from tests.servers import free_port

STALL = 0.3


@asynccontextmanager
async def server(*, stalls_at: int | None = None, status: int = 200):
    """Answers with ``status``; the request of this number waits, and so does whatever else arrives meanwhile."""
    count = 0
    turn = asyncio.Lock()

    async def serve(reader, writer):
        nonlocal count
        while await reader.read(1000):
            async with turn:
                count += 1
                await asyncio.sleep(STALL if count == stalls_at else 0)
            writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\nok".encode())
        writer.close()

    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield Target(port, lambda: "/x")


def test_requests_that_were_due_during_a_stall_count_as_late():
    """Not only the one that stalled: a client that waits for its answers before it asks again would hide the others."""

    async def measure():
        async with server(stalls_at=20) as target:
            return await latencies(target, rate=100, seconds=0.8)

    found = asyncio.run(measure())
    assert len(found) == 80
    assert found == sorted(found)
    assert found[-1] >= STALL * 0.99
    # 30 requests were due in the 0.3 s; of those in its first half, each waited for half of it or longer.
    assert sum(seconds > STALL / 2 for seconds in found) >= 14


def test_an_answer_that_is_no_success_is_not_counted():
    """Refusals are quick, and would make a fine figure."""

    async def measure(status):
        async with server(status=status) as target:
            return await throughput(target, lines=2, seconds=0.1)

    assert asyncio.run(measure(200)) > 0
    with pytest.raises(AssertionError):
        asyncio.run(measure(429))
