"""Faults of a runner that takes or says too much: bombs, floods, and lines that are no events."""

import os
import threading
import time
from pathlib import Path


def is_pipe(fd):
    try:
        return str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("pipe:")
    except OSError:
        return False


def garbage(task, emit):
    channel = next(fd for fd in range(3, 20) if is_pipe(fd))
    os.write(channel, b"this is no event\n")
    time.sleep(600)


def floods_events(task, emit):
    from junco.contract.wire import Advanced

    while True:
        emit(Advanced(stage="s" * 10_000, completed=1))


def threads(task, emit):
    threading.stack_size(64 << 10)
    forever = threading.Event()
    while True:
        threading.Thread(target=forever.wait, daemon=True).start()


def small_files(task, emit):
    folder = Path(task.out, "many")
    folder.mkdir()
    for number in range(10**6):
        (folder / str(number)).touch()
    time.sleep(600)


def many_big_files(task, emit):
    for number in range(100):
        Path(task.out, str(number)).write_bytes(b"x" * (16 << 20))
    time.sleep(600)


def _says(line: bytes):
    os.write(next(fd for fd in range(3, 20) if is_pipe(fd)), line + b"\n")
    time.sleep(600)


def negative(task, emit):
    _says(b'{"event":"advanced","stage":"s","completed":-1}')


def huge_number(task, emit):
    _says(b'{"event":"advanced","stage":"s","completed":1' + b"0" * 400 + b"}")


def not_a_number(task, emit):
    _says(b'{"event":"advanced","stage":"s","completed":NaN}')


def extra_key(task, emit):
    _says(b'{"event":"finished","files":[],"pickle":"gASV"}')


def binary(task, emit):
    _says(bytes(range(1, 10)) + b"\xff\xfe")


def endless_line(task, emit):
    while True:
        os.write(next(fd for fd in range(3, 20) if is_pipe(fd)), b"x" * 65536)


EXCESSES = {
    function.__name__: function
    for function in (
        *(garbage, floods_events, threads, small_files, many_big_files, negative, huge_number, not_a_number, extra_key),
        *(binary, endless_line),
    )
}
