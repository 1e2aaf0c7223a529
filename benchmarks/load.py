"""Requests by the hundred from one process: a client that costs little beside the server it measures."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Where to ask and what; ``path`` is called once a request."""

    port: int
    path: Callable[[], str]
    headers: str = ""


class Line:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "Line":
        """A connection to this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str, headers: str) -> int:
        """The status of an answer, its body read."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, found, rest = head.partition(b"content-length: ")
        if found:
            await self._reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


async def throughput(target: Target, *, lines: int, seconds: float) -> float:
    """Answers a second with ``lines`` connections that ask again at once; every one must be 200."""
    end = time.perf_counter() + seconds

    async def ask() -> int:
        line, count = await Line.to(target.port), 0
        while time.perf_counter() < end:
            assert await line.get(target.path(), target.headers) == 200
            count += 1
        line.close()
        return count

    started = time.perf_counter()
    counts = await asyncio.gather(*[ask() for _ in range(lines)])
    return sum(counts) / (time.perf_counter() - started)


async def latencies(target: Target, *, rate: float, seconds: float, lines: int = 32) -> list[float]:
    """Seconds from when each request was due to its answer, at a steady rate: a late one is not excused."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await Line.to(target.port))

    async def ask(due: float) -> float:
        line = await free.get()
        assert await line.get(target.path(), target.headers) == 200
        free.put_nowait(line)
        return time.perf_counter() - due

    tasks, start = [], time.perf_counter()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(due)))
    found = sorted(await asyncio.gather(*tasks))
    while not free.empty():
        free.get_nowait().close()
    return found
