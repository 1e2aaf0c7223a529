"""Why a runner is dead: from an exit status to a named error."""

import json
import re
import signal
from pathlib import Path

from junco.contract.errors import DeadlineExceeded, Internal, JuncoError, MemoryExceeded, RunnerCrashed, Unavailable

_NO_MEMORY = re.compile(rb"bad_alloc|MemoryError|out of memory|can't allocate memory", re.IGNORECASE)
_EX_UNAVAILABLE = 69


def cause_of_death(status: int, *, ready: bool, noise: bytes, starved: bool) -> JuncoError:
    """The error that a runner's end means.

    ``status`` as subprocess gives it, negative for a signal; ``noise`` the tail of what it printed; ``starved`` whether
    the kernel killed for memory meanwhile, or the runner was near its limit.
    """
    if status < 0:
        return _by_signal(signal.Signals(-status), noise=noise, starved=starved)
    last = noise.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
    if status == _EX_UNAVAILABLE and not ready:
        return _unconfined(last[0])
    if not ready:
        return Internal("The runner did not start.", found=last[0][:300])
    return RunnerCrashed(
        "The process that held the model ended before it had finished.",
        expected="a finished task",
        found=f"exit status {status}",
        remedy="Remove calls that end the process from the model.",
    )


def out_of_memory(found: str) -> MemoryExceeded:
    """A runner that was stopped for the memory it took."""
    return MemoryExceeded(
        "The work asked for more memory than a runner may have.",
        found=found,
        remedy="Use a smaller model or input, or raise the runner's memory limit.",
    )


def oom_kills() -> int:
    """Processes of this container that the kernel has killed for memory; 0 where it does not say."""
    try:
        events = Path("/sys/fs/cgroup/memory.events").read_text()
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)", events, re.MULTILINE)
    return int(found[1]) if found else 0


def _unconfined(said: str) -> Unavailable:
    missing: dict[str, str] = json.loads(said)["missing"]
    return Unavailable(
        "The runner could not be confined on this machine, so no work is taken.",
        expected="every layer of the sandbox in force",
        found="; ".join(f"{name}: {why}" for name, why in missing.items()),
        remedy=f"Use a kernel that has them, or accept less with JUNCO_SANDBOX_OPTIONAL={','.join(missing)}.",
    )


def _by_signal(number: signal.Signals, *, noise: bytes, starved: bool) -> JuncoError:
    if number is signal.SIGXCPU:
        return DeadlineExceeded("The work used up its processor time.", found=number.name)
    if (number is signal.SIGKILL and starved) or (number is signal.SIGABRT and _NO_MEMORY.search(noise)):
        return out_of_memory(number.name)
    return RunnerCrashed(
        f"The process that held the model died by {number.name}.",
        found=number.name,
        remedy="A model that crashes its loader cannot be judged; export it anew, or report it.",
    )
