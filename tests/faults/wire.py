"""A wire that can be cut or clogged, between a client and a server."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.servers import free_port


class Wire:
    """Listens on ``port`` and passes bytes on to ``to``; ``mode`` is pass, cut (reset at the next byte) or clog."""

    def __init__(self, to: int) -> None:
        self.port, self.mode, self.cuts = free_port(), "pass", 0
        self._to, self._open = to, True
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._freed = threading.Event()
        self._freed.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def trouble(self, mode: str) -> Iterator[None]:
        """``mode`` while the block lasts."""
        self.mode = mode
        if mode == "clog":
            self._freed.clear()
        try:
            yield
        finally:
            self.mode = "pass"
            self._freed.set()

    def close(self) -> None:
        self._open = False
        self._listening.close()

    def _accept(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, come: socket.socket, go: socket.socket) -> None:
        with contextlib.suppress(OSError), come, go:
            while data := come.recv(65536):
                self._freed.wait(30)
                go.sendall(data)
                if self.mode == "cut":
                    # After the bytes have passed: the sender cannot know whether they were heard.
                    self.cuts += 1
                    return
