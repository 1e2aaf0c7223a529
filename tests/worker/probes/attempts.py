"""What a confined runner tries, and the engine that tries it and reports what came of each attempt."""

import ctypes
import errno
import json
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)


def _system(*words):
    result = _LIBC.syscall(*words)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "done"


def _read(told):
    return Path(told["canary"]).read_text()


def _list(told):
    return "listed" if list(Path("/etc").iterdir()) else "empty"


def _native_read(told):
    import torch

    return bytes(torch.from_file(told["canary"], False, 6, dtype=torch.uint8).tolist()).decode()


def _load(told):
    import torch

    torch.jit.load(told["hostile"])
    return f"loaded; wrote {Path(told['written']).exists()}"


def _write(told):
    Path(told["open_folder"], f"written-by-{os.getpid()}").write_text("x")
    return "wrote"


def _write_input(told):
    with Path(told["input"]).open("r+") as file:
        file.write("x")
    return "wrote"


def _chmod(told):
    Path(told["input"]).chmod(0o600)
    return "done"


def _symlink(told):
    Path(told["out"], "link").symlink_to("/etc/passwd")
    return "linked"


def _tcp(told):
    import socket

    socket.create_connection(("127.0.0.1", told["tcp"]), 2).close()
    return "connected"


def _udp(told):
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("127.0.0.1", told["tcp"]))
    return "sent"


def _unix(told):
    import socket

    socket.socket(socket.AF_UNIX).close()
    return "opened"


def _fork(told):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def _spawn(told):
    return f"ran {os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1]}"


def _signal(told):
    os.kill(told["neighbour"], 0)
    return "delivered"


def _environ(told):
    return "secret" if b"CANARY" in Path(f"/proc/{told['neighbour']}/environ").read_bytes() else "nothing"


def _trace(told):
    result = _LIBC.ptrace(0, 0, 0, 0)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "traced"


def _session(told):
    os.setpgid(0, 0) if os.getsid(0) != os.getpid() else _system(112 if os.uname().machine == "x86_64" else 157)
    return "left"


def _outlive(told):
    if _LIBC.prctl(1, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "outlives"


def _memfd(told):
    os.close(os.memfd_create("x"))
    return "made"


def _uring(told):
    return _system(425, 1, ctypes.create_string_buffer(256))


def _namespace(told):
    if _LIBC.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "own"


def _memory(told):
    import mmap

    return str(len(mmap.mmap(-1, told["much"], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))


def _file(told):
    Path(told["out"], "big").write_bytes(b"x" * (told["most_file"] + 1))
    return "wrote"


def _works(told):
    """What an honest job needs: threads, torch on two of them, TorchScript, onnxruntime, Pillow, a temporary file."""
    import io
    import tempfile
    import threading

    import onnxruntime
    import torch
    from PIL import Image

    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    torch.set_num_threads(2)
    x = torch.nn.functional.conv2d(torch.ones(2, 3, 32, 32), torch.ones(8, 3, 3, 3)) @ torch.ones(30, 30)
    script = torch.jit.load(told["honest"])
    y = script(torch.ones(1, 3, 32, 32))
    session = onnxruntime.InferenceSession(Path(told["onnx"]).read_bytes(), providers=["CPUExecutionProvider"])
    z = session.run(None, {"x": torch.ones(2).numpy()})[0]
    Image.open(io.BytesIO(bytes.fromhex(told["png"])), formats=["PNG"]).load()
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    return f"{float(x[0, 0, 0, 0])} {tuple(y.shape)} {z.tolist()}"


PROBES = {
    name[1:]: probe
    for name, probe in list(globals().items())
    if callable(probe) and name.startswith("_") and name not in ("_LIBC", "_system")
}


def execute(task, emit):
    """Tries the probes that the told facts name, each in turn."""
    told = json.loads(Path(task.model_path).read_text()) | {"out": task.out}
    found = {}
    for name in told["probes"]:
        try:
            found[name] = PROBES[name](told)
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno, str(error))
        except Exception as error:  # torch reports refusals in errors of its own
            words = ("Permission denied", "Operation not permitted", "MemoryError")
            found[name] = next((word for word in words if word in str(error)), type(error).__name__)
    Path(task.out, "report.json").write_text(json.dumps(found))
    return ("report.json",)
