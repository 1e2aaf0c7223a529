"""The rule of input_manipulation, case by case."""

import numpy as np
import pytest

from junco.audit.verdict import ManipulationJudgement, judge_manipulation, manipulated
from junco.contract.catalogue import Verdict
from junco.contract.thresholds import Thresholds

T = Thresholds()


def found(successes: int, n: int, **changed: float) -> dict[str, np.ndarray]:
    """``n`` images of which the first ``successes`` are manipulated; ``changed`` for all of them."""
    after = np.where(np.arange(n) < successes, 0.9, 0.2)
    base = {"before": 0.1, "output": 0.001, "image_ssim": 0.95, "same": 1.0}
    values = {name: np.full(n, value) for name, value in base.items()}
    return values | {"after": after, "followed": after} | {name: np.full(n, v) for name, v in changed.items()}


def judged(successes: int, n: int, **changed: float) -> ManipulationJudgement:
    """The judgement of ``found``."""
    return judge_manipulation({"m": found(successes, n, **changed)}, T)[0]


@pytest.mark.parametrize(
    ("successes", "n", "word"),
    [
        (30, 30, Verdict.FAIL),
        (21, 30, Verdict.FAIL),
        (20, 30, Verdict.INCONCLUSIVE),
        (20, 40, Verdict.INCONCLUSIVE),
        (29, 29, Verdict.INCONCLUSIVE),
        (0, 34, Verdict.INCONCLUSIVE),
        (0, 35, Verdict.PASS),
        (5, 100, Verdict.INCONCLUSIVE),
        (4, 100, Verdict.PASS),
    ],
)
def test_the_word_is_that_of_wilsons_interval(successes: int, n: int, word: Verdict) -> None:
    """Fail with all of it above one half, pass with all of it below a tenth, no word below thirty images."""
    assert judged(successes, n).verdict is word


@pytest.mark.parametrize(
    "changed", [{"same": 0.0}, {"output": 0.011}, {"image_ssim": 0.89}, {"after": 0.39}, {"after": np.nan}]
)
def test_every_condition_must_hold(changed: dict[str, float]) -> None:
    """Another class, another output, another image, a small gain or a map that is lost: no success."""
    assert manipulated(found(3, 3), T).tolist() == [1, 1, 1]
    assert manipulated(found(3, 3, **changed), T).tolist() == [0, 0, 0]


def test_an_image_whose_map_is_the_targets_already_is_no_trial() -> None:
    """There is no room for a gain of .3 above .7, nor without a map."""
    assert np.isnan(manipulated(found(2, 2, before=0.71), T)).all()
    assert np.isnan(manipulated(found(2, 2, before=np.nan), T)).all()
    assert judged(0, 40, before=0.75).verdict is Verdict.INCONCLUSIVE
    assert judged(0, 40, before=np.nan).verdict is Verdict.INVALID


def test_an_attack_that_does_not_leave_its_twin_acquits_nobody() -> None:
    """The twin's maps were moved, the network's were not: a better attack may carry over."""
    stuck = judged(0, 60, followed=0.9)
    assert stuck.verdict is Verdict.INCONCLUSIVE
    assert "did not carry over" in stuck.reason
    assert judged(0, 60, followed=0.2).verdict is Verdict.PASS


def test_words_never_say_robust() -> None:
    """Resistant to this attack is all that one attack can show."""
    reasons = [judged(k, n).reason for k, n in ((0, 60), (60, 60), (20, 40), (0, 34))]
    assert not any("robust" in reason for reason in reasons)
    assert reasons[0].startswith("resistant to this attack")
    assert "about 35 images would decide" in reasons[3]
