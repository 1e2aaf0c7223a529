"""What all conclusions share."""

from junco.audit.pipeline.case import families, not_run, told
from junco.audit.verdict import Judged
from junco.contract.catalogue import CheckName, Verdict
from junco.contract.outcome import Caveat
from junco.contract.statistics import Sample, ShiftStatistics
from tests.truth.product import Job


def test_controls_are_a_family_of_their_own(job: Job) -> None:
    """Methods that were asked for, then what was added to judge the job by; nobody is left out or stands twice."""
    asked, rest = families(job.plan, CheckName.PARAMETER_RANDOMIZATION)
    assert [m.label for m in asked] == ["gradient", "guided_backprop", "grad_cam", "smoothgrad(samples=3)"]
    assert {"edge_detector", "gaussian_noise", "constant"} <= {m.label for m in rest}
    both = sorted(m.label for m in (*asked, *rest))
    assert both == sorted(m.label for m in job.plan.methods_of(CheckName.PARAMETER_RANDOMIZATION))


def test_a_family_without_methods_is_none(job: Job) -> None:
    """A plan of controls alone has one family."""
    alone = job.plan.model_copy(update={"methods": tuple(m for m in job.plan.methods if m.control)})
    (family,) = families(alone, CheckName.PARAMETER_RANDOMIZATION)
    assert all(m.control for m in family)


def test_what_was_not_run_says_why() -> None:
    """Under the check's name, as a sentence."""
    found = not_run(CheckName.INPUT_SHIFT, "rise", "it has no rules")
    assert (found.check, found.verdict) == (CheckName.INPUT_SHIFT, Verdict.NOT_RUN)
    assert found.summary == "rise was not run: it has no rules."


def test_what_would_decide_is_told_of_what_is_open_alone() -> None:
    """An undecided method's sentence and the data it lacks; one that was decided lacks nothing."""
    figures = ShiftStatistics(difference=0.5, rho=0.2, images=3)
    for verdict, expected in ((Verdict.INCONCLUSIVE, Sample(images=40)), (Verdict.PASS, None)):
        word = Judged("rise", verdict, "it moved", needed=Sample(images=40))
        found = told(CheckName.INPUT_SHIFT, word, statistics=figures, caveats=iter([Caveat.ENCODING]))
        assert (found.check, found.verdict, found.summary) == (CheckName.INPUT_SHIFT, verdict, "rise: it moved.")
        assert (found.needed, found.statistics, found.caveats) == (expected, figures, (Caveat.ENCODING,))
