"""A plan that names one image many times has no more images for it."""

from dataclasses import replace

import numpy as np
import pytest

from junco.audit.partial import Partial
from junco.audit.pipeline.copies import differing
from junco.contract.catalogue import Verdict
from junco.contract.profile import PROFILES, ProfileName
from tests.truth import product
from tests.truth.product import Job

QUICK = PROFILES[ProfileName.QUICK]
"""At least 10 images, and at most a fifth of what is counted may be undefined."""


def logits(*times: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Answers to as many images as there are numbers, each that many times; copies differ by rounding alone."""
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 5, (len(times), 4)).repeat(times, axis=0)
    return np.asarray(rows * (1 + rng.normal(0, 1e-7, rows.shape)))


def test_images_that_all_differ_need_no_word() -> None:
    """No preflight is added to a job as it should be."""
    assert list(differing(logits(*[1] * 24), QUICK)) == []


def test_answers_that_are_no_numbers_are_nobodys_copies() -> None:
    """Other preflights speak of those."""
    assert list(differing(np.full((12, 4), np.inf), QUICK)) == []


@pytest.mark.parametrize(
    ("times", "holds", "detail"),
    [
        ([20], False, "19 of 20 images are copies of others, to the model, and 1 are left"),
        ([2] * 12, False, "12 of 24 images are copies of others, to the model, and 12 are left"),
        ([2, *[1] * 8], False, "1 of 10 images are copies of others, to the model, and 9 are left"),
        ([3, 2, *[1] * 15], True, "3 of 20 images are copies of others, to the model, and 17 are left"),
    ],
)
def test_copies_are_tolerated_while_they_are_few_and_enough_others_are_left(
    times: list[int], holds: bool, detail: str
) -> None:
    """At most a fifth of them, and images_minimum that differ."""
    (found,) = differing(logits(*times), QUICK)
    assert (found.name, found.holds, found.detail) == ("images_differ", holds, detail)


def test_copies_withdraw_every_word_of_a_job(job: Job) -> None:
    """Passes and fails alike: what is said of one image is said of no population."""

    def one(partial: Partial) -> Partial:
        answers = {
            k: v[:1].repeat(len(v), axis=0) if k == ("logits", "original") else v for k, v in partial.arrays.items()
        }
        return replace(partial, arrays=answers)

    outcome = job.outcome(partials={i: one(partial) for i, partial in job.partials.items()})
    assert product.preflight(outcome)["images_differ"] is False
    assert "images_differ" not in product.preflight(job.outcome())
    words = {product.check(outcome, m.label).verdict for m in (*outcome.methods, *outcome.controls)}
    assert words == {Verdict.INVALID}
    assert "'images_differ' does not hold: 21 of 22 images are copies" in product.check(outcome, "gradient").summary
