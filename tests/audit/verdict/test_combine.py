"""From checks to a method's word, from methods to the overall word (docs/verdicts.md, section 1)."""

import itertools

import pytest

from junco.audit.verdict import of_method, overall
from junco.contract.catalogue import CheckName, Verdict

MPRT, SHIFT = CheckName.PARAMETER_RANDOMIZATION, CheckName.INPUT_SHIFT
BOTH = (MPRT, SHIFT)
P, F, X, N = Verdict.PASS, Verdict.FAIL, Verdict.INVALID, Verdict.NOT_RUN
Q = Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("first", "second", "required", "word"),
    [
        (P, P, BOTH, P), (P, F, BOTH, F), (Q, F, BOTH, F), (X, F, BOTH, F), (P, Q, BOTH, Q), (P, X, BOTH, X),
        (Q, X, BOTH, X), (N, N, BOTH, N), (P, N, BOTH, P),
        (P, Q, (MPRT,), P), (P, X, (MPRT,), P), (P, F, (MPRT,), F), (Q, P, (MPRT,), Q), (X, Q, (), X),
    ],
)  # fmt: skip
def test_a_method_takes_the_worst_word_that_counts(
    first: Verdict, second: Verdict, required: tuple[CheckName, ...], word: Verdict
) -> None:
    """Any fail fails; doubt counts where the profile requires the check; something must have passed to pass."""
    assert of_method({MPRT: first, SHIFT: second}, required) is word


def test_overall_by_brute_force() -> None:
    """Over all triples: any fail is fail, else any doubt or no pass at all is inconclusive, else pass."""
    for words in itertools.product(Verdict, repeat=3):
        expected = F if F in words else Q if {Q, X} & set(words) or P not in words else P
        assert overall(words) is expected


def test_nothing_judged_is_no_pass() -> None:
    """No method at all, or none that could be run: inconclusive."""
    assert overall([]) is Q
    assert overall([N]) is Q
    assert of_method({}, BOTH) is N


@pytest.mark.parametrize("doubt", [Verdict.INVALID, Verdict.INCONCLUSIVE])
def test_a_doubt_that_stands_alone_is_the_word(doubt: Verdict) -> None:
    """Asked for under a check that is not required, and in doubt there: that is no 'not run'."""
    alone = {CheckName.CLASS_SENSITIVITY: doubt}
    assert of_method(alone, [CheckName.PARAMETER_RANDOMIZATION]) is doubt
    beside = {**alone, CheckName.PARAMETER_RANDOMIZATION: Verdict.PASS}
    assert of_method(beside, [CheckName.PARAMETER_RANDOMIZATION]) is Verdict.PASS
