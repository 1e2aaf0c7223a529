"""Networks under suspicion: model_manipulation on them from bytes to words, and what it said."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from junco.audit.pipeline.inspect import inspect
from junco.audit.pipeline.shards import run
from junco.contract.base import digest_of
from junco.contract.catalogue import CheckName, Level, Sign, Verdict
from junco.contract.images import ImageSet
from junco.contract.outcome import Outcome
from junco.contract.resolve import resolve
from junco.contract.sharding import shards
from junco.contract.statistics import TamperingStatistics
from tests.truth import digits, models, product
from tests.truth.digits import Digits

CHECK = CheckName.MODEL_MANIPULATION


def shown(count: int = 10, *, classes: Sequence[int] = range(10)) -> Digits:
    """Held-out digits of ``classes``."""
    held_out = digits.split()[1]
    return held_out[[i for i, label in enumerate(held_out.labels) if label in classes][:count]]


def audited(
    network: nn.Module, *methods: str, references: Sequence[nn.Module] = (), data: Digits | None = None, **fields: Any
) -> Outcome:
    """The check on ``data``, ten held-out digits if none; ``references`` are honest networks."""
    upload = models.as_torchscript(network, digits.SHAPE, "traced")
    beside = [models.as_torchscript(one, digits.SHAPE, "traced") for one in references]
    others = {digest_of(one): one for one in beside}
    return judged(upload, product.files_of(data or shown()), methods, beside=others, **fields)


def judged(
    upload: bytes, files: Any, methods: Sequence[str], *, beside: Mapping[str, bytes] | None = None, **fields: Any
) -> Outcome:
    """``upload`` through every shard of its plan."""
    others = dict(beside or {})
    given = {"profile": "quick", "checks": [CHECK], "reference_models": list(others), **fields}
    request = product.asked(upload, files, methods, **given)
    report = inspect(upload)
    plan = resolve(request, report, ImageSet.of(tuple(file for file, _ in files)))
    partials = {shard.index: run(shard, plan, upload, files, others=others) for shard in shards(plan)}
    return product.Job(plan, report, partials, [None] * len(plan.selected), upload, files).outcome()


def word(outcome: Outcome, label: str) -> Verdict:
    """Of one method."""
    return product.check(outcome, label, CHECK).verdict


def statistics(outcome: Outcome, label: str) -> TamperingStatistics:
    """Of one method."""
    found = product.check(outcome, label, CHECK).statistics
    assert isinstance(found, TamperingStatistics)
    return found


def level(outcome: Outcome, label: str, sign: Sign) -> Level | None:
    """Of one sign."""
    return next(e.level for e in statistics(outcome, label).evidence if e.sign is sign)
