"""Junco's cascade over Quantus's (0.6.0) on the same maps: network, photos, targets, method and number of stages.

Both take signed Input x Gradient maps of a ResNet-18-shaped network through 21 stages from the output down, and
Spearman correlations with the original's maps. Quantus runs in an environment of its own, made on first use; the two
take turns. Junco's time holds what its verdict needs beyond that: every image against every other, and magnitudes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.clock import in_turns, seconds
from benchmarks.subjects import SUBJECTS, planned
from junco.audit.checks import parameter_randomization
from junco.audit.checks.parameter_randomization import Study
from junco.audit.explain import Bound, build
from junco.audit.pipeline.prepare import Bench, at_once, bench, comparison
from junco.contract.catalogue import Arm, CheckName, Method, NoParameters
from junco.contract.plan import Cell, Shard, ShardKind

_ROOT = Path(__file__).parent.parent
_HOME = _ROOT / ".venv-quantus"
_PACKAGES = ("quantus==0.6.0", "captum", "torch")


def python() -> Path:
    """The interpreter of Quantus's environment, which is made if it is not there."""
    stamp, interpreter = _HOME / ".ready", _HOME / "bin" / "python"
    if not stamp.exists():
        print(f"Making {_HOME.name} with {', '.join(_PACKAGES)} ...", flush=True)
        venv.create(_HOME, with_pip=True, clear=True)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(_ROOT / "constraints.txt"), *_PACKAGES], check=True)
        stamp.touch()
    return interpreter


@dataclass
class Quantus:
    """A process that measures when told to."""

    process: "subprocess.Popen[str]"

    def measure(self) -> dict[str, Any]:
        """One run: ``seconds``, ``stages``, mean correlations ``original`` and ``last``."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("Quantus ended without an answer; its words are above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def quantus(ready: Bench) -> Iterator[Quantus]:
    """Quantus on the images and targets of ``ready``."""
    with tempfile.TemporaryDirectory(prefix="junco-quantus-") as folder:
        data = Path(folder) / "data.npz"
        np.savez(data, x=ready.batch.x.contiguous().numpy(), targets=ready.batch.targets.numpy())
        command = [str(python()), "-m", "benchmarks.quantus_child", str(data), str(at_once("cpu"))]
        environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        try:
            yield Quantus(process)
        finally:
            process.kill()
            process.wait()


def cascade(ready: Bench) -> tuple[float, int, float]:
    """Seconds of Junco's cascade over all stages, their number, and the mean correlation at the last."""
    model = ready.model
    explainer = build([Bound("ixg", Method.INPUT_X_GRADIENT, NoParameters())], model, batch_size=at_once("cpu"))
    study = Study(
        model=model,
        explainer=explainer,
        stochastic=None,
        comparison=comparison(descriptive=False),
        calibration=[],
        seed=0,
    )
    count = len(model.steps)
    shard = Shard(
        index=0,
        check=CheckName.PARAMETER_RANDOMIZATION,
        kind=ShardKind.CURVE,
        images=ready.batch.index,
        cells=(Cell(arm=Arm.REINIT, seed=0),),
        stages=tuple(range(1, count + 1)),
        cost=1,
    )
    found: list[Any] = []
    taken = seconds(lambda: found.append(parameter_randomization.run(shard, study, ready.batch)))
    last = found[0].arrays["ixg", Arm.REINIT.value, "0", str(count), "rho"]
    return taken, count, float(np.mean(last))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args(arguments)
    subject = SUBJECTS["resnet18"]()
    plan, files = planned(subject, photos=options.photos)
    ready = bench(plan, subject.data, files)
    with quantus(ready) as peer:
        theirs, ours = peer.measure(), cascade(ready)  # both warm
        if theirs["stages"] != ours[1]:
            raise SystemExit(f"The stages differ: Quantus takes {theirs['stages']}, Junco {ours[1]}.")
        works = {"quantus": lambda: float(peer.measure()["seconds"]), "junco": lambda: cascade(ready)[0]}
        found = in_turns(works, rounds=options.rounds)
    threads = torch.get_num_threads()
    print(f"Junco / Quantus: {found['junco'] / found['quantus']:.2f} of the time")
    print(f"  {options.photos} photos of 224 px, {ours[1]} stages, ResNet-18's shape, {threads} threads here,", end=" ")
    print(f"{theirs['threads']} there; torch {torch.__version__} here, {theirs['torch']} there")
    print(f"  Junco {found['junco']:.1f} s, Quantus {found['quantus']:.1f} s")
    print(f"  mean correlation, all layers randomised: Junco (magnitude) {ours[2]:.3f}, Quantus {theirs['last']:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
