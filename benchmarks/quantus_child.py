"""Quantus's parameter randomisation, run in Quantus's own environment: one line in, one measurement out.

Imports nothing of Junco. Quantus randomises every module that can reset itself, norm layers included, which doubles
the stages; those are kept from it here, so that both sides take the same stages. It is asked for signed Input x
Gradient maps, not normalised, since its normalisation is taken over a whole batch.
"""

import json
import sys
import time
import warnings

import numpy as np
import quantus  # type: ignore[import-not-found]  # lives in its own environment
import torch
from torch import nn

from benchmarks import resnet18


class KeptNorm(nn.BatchNorm2d):
    """A norm layer that Quantus passes over."""

    @property
    def reset_parameters(self) -> None:  # type: ignore[override]  # seen by hasattr only
        """Absent."""
        raise AttributeError


def network() -> nn.Module:
    """The network, its norm layers no stages of their own."""
    model = resnet18.build().requires_grad_(False)
    for layer in model.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = KeptNorm
    return model


def main() -> int:
    """Answer every line of standard input by a measurement; the first argument is an .npz of ``x`` and ``targets``."""
    warnings.simplefilter("ignore")
    data, batch_size = np.load(sys.argv[1]), int(sys.argv[2])
    model = network()
    metric = quantus.MPRT(
        similarity_func=quantus.similarity_func.correlation_spearman,
        layer_order="top_down",
        abs=False,
        normalise=False,
        disable_warnings=True,
        display_progressbar=False,
    )
    for _ in sys.stdin:
        started = time.perf_counter()
        found = metric(
            model=model,
            x_batch=data["x"],
            y_batch=data["targets"],
            device="cpu",
            channel_first=True,
            batch_size=batch_size,
            explain_func=quantus.explain,
            explain_func_kwargs={"method": "InputXGradient"},
        )
        taken = time.perf_counter() - started
        means = [float(np.mean(found[name])) for name in found]
        said = {"seconds": taken, "stages": len(means) - 1, "original": means[0], "last": means[-1]}
        print(json.dumps(said | {"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
