"""Reading what a runner writes: bounded, never blocking for long, and trusting nothing."""

import os
import selectors
from typing import IO

from pydantic import ValidationError

from junco.contract.errors import RunnerCrashed
from worker.runner.protocol import LINE, MAX_LINE_BYTES, Line

EVENT_BYTES = 32 << 20
"""Most bytes of events in a runner's life."""
NOISE_BYTES = 16 << 20
"""Most bytes of prints and warnings, which are read so that the child never blocks, and of which the tail is kept."""
TAIL_BYTES = 8192
_CHUNK = 1 << 16


class Pipes:
    """A runner's two outputs: events, one JSON line each, and noise."""

    def __init__(self, events: IO[bytes], noise: IO[bytes]) -> None:
        self._files = {"events": events, "noise": noise}
        self._read = {"events": 0, "noise": 0}
        self._partial = b""
        self.tail = b""
        self._selector = selectors.DefaultSelector()
        for name, file in self._files.items():
            os.set_blocking(file.fileno(), False)
            self._selector.register(file, selectors.EVENT_READ, name)

    @property
    def open(self) -> bool:
        """Whether events may still come."""
        return not self._files["events"].closed

    def read(self, timeout: float) -> list[Line]:
        """Events that arrive within ``timeout`` seconds; raises ``RunnerCrashed`` on garbage and on floods."""
        lines: list[Line] = []
        for key, _ in self._selector.select(timeout):
            data = os.read(key.fd, _CHUNK)
            if not data:
                self._shut(key.data)
            elif key.data == "events":
                self._count("events", data, EVENT_BYTES)
                lines += self._parse(data)
            else:
                self._count("noise", data, NOISE_BYTES)
                self.tail = (self.tail + data)[-TAIL_BYTES:]
        return lines

    def drain(self) -> list[Line]:
        """What a dead runner left in its pipes; a grandchild that holds them open is not waited for."""
        lines: list[Line] = []
        while self._selector.get_map() and self._selector.select(0):
            lines += self.read(0)
        self.close()
        return lines

    def close(self) -> None:
        """Closes both."""
        for name in self._files:
            self._shut(name)
        self._selector.close()

    def _shut(self, name: str) -> None:
        file = self._files[name]
        if not file.closed:
            self._selector.unregister(file)
            file.close()

    def _count(self, name: str, data: bytes, most: int) -> None:
        self._read[name] += len(data)
        if self._read[name] > most:
            raise RunnerCrashed(
                "The process that held the model wrote without end and was stopped.",
                expected=f"at most {most} bytes of {name}",
                found=f"over {most} bytes",
                remedy="Remove print statements from the model.",
            )

    def _parse(self, data: bytes) -> list[Line]:
        *whole, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > MAX_LINE_BYTES:
            raise _breach(f"a line of over {MAX_LINE_BYTES} bytes")
        try:
            return [LINE.validate_json(line) for line in whole]
        except ValidationError as error:
            raise _breach(repr(whole[0][:100])) from error


def _breach(found: str) -> RunnerCrashed:
    return RunnerCrashed(
        "The process that held the model broke its protocol and was stopped.", expected="one event a line", found=found
    )
