"""What two processes gain over one on this machine, at the work of a shard: no service, no database, no messages.

Cores share caches, memory and power, so that two rarely compute twice what one does; nobody's second worker gains more.
"""

import multiprocessing
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import torch

from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.prepare import Files
from junco.audit.pipeline.shards import run
from junco.contract.images import ImageSet
from junco.contract.plan import Plan
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from tests.truth import product

Work = tuple[bytes, Files, str]
"""A model, its images and a plan as JSON."""


def ceiling(model: bytes, files: Files, plan: Mapping[str, Any]) -> float:
    """Shards a second of two processes of one thread each, over those of one."""
    asked = product.asked(model, files, plan["methods"], checks=plan["checks"], profile=plan["profile"])
    resolved = resolve(asked, inspect(model), ImageSet.of(tuple(file for file, _ in files)))
    work = (model, files, resolved.model_dump_json())
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        _together(pool, work, 2)  # imports, and the first touch of memory
        one, two = _together(pool, work, 1), _together(pool, work, 2)
    return 2 * one / two


def _together(pool: ProcessPoolExecutor, work: Work, count: int) -> float:
    """Seconds until so many processes have each measured one shard, begun at once."""
    began = time.perf_counter()
    for waiting in [pool.submit(_shard, work) for _ in range(count)]:
        waiting.result()
    return time.perf_counter() - began


def _shard(work: Work) -> None:
    model, files, text = work
    torch.set_num_threads(1)
    plan = _plan(text)
    run(shards(plan)[0], plan, model, files)


@cache
def _plan(text: str) -> Plan:
    return Plan.model_validate_json(text)
