"""Runs the steps named, or all of them in order; then draws and writes what is committed."""

import argparse
from collections.abc import Callable, Mapping
from functools import partial

import torch

from benchmarks.clock import seconds
from benchmarks.replicate import attacks, bars, coverage, curves, nulls, page, rates, tables
from benchmarks.replicate.work import Found, kept, there

STEPS: Mapping[str, Callable[[], Found]] = {
    "rates": rates.rates,
    **{f"curves_{name}": partial(curves.curves, name) for name in curves.PRINTED},
    **{f"table_{name}": partial(tables.table, name) for name in ("vgg", "vit", "cnn", "mlp")},
    **{f"attacks_{name}": partial(attacks.attacks, name) for name in attacks.NETWORKS},
    "coverage": coverage.coverage,
    "nulls_cnn": partial(nulls.nulls, "cnn"),
    "nulls_lite0": partial(nulls.nulls, "lite0"),
    "table_lite0": tables.lite0,
    "attacks_lite0": attacks.lite0,
    "bars": bars.bars,
}


def main() -> None:
    """Find what is not found yet, networks trained on the way, and write docs/replication.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], help="all of them if none is named")
    steps = parser.parse_args().steps or list(STEPS)
    torch.set_num_threads(1)  # results are equal to the last bit only at equal thread counts
    for name in steps:
        taken = seconds(lambda name=name: kept(name, STEPS[name]))  # type: ignore[misc]  # mypy on lambda defaults
        print(f"{name}: {taken:.0f} s", flush=True)
    page.write({name: kept(name, dict) for name in STEPS if there(name)})


if __name__ == "__main__":
    main()
