from junco.contract.job import InspectionState, JobState
from junco.storage import Directive, Records, Swept
from tests.storage.samples import request
from tests.storage.steps import hand_in, inspect, lapse, late, take


def test_nothing_to_sweep_is_nothing_swept(records: Records, model: str) -> None:
    """A live lease is left alone."""
    claim = take(records)
    assert records.sweep() == Swept()
    assert records.renew(claim) is Directive.CONTINUE


def test_a_dead_lease_goes_back_to_the_queue_and_rings_again(records: Records, model: str) -> None:
    """The bell rings for it as for new work."""
    rung: list[str] = []
    records.publish_pending(rung.append)
    claim = take(records)
    assert records.model(model).inspection is InspectionState.RUNNING
    lapse(records, claim)
    assert records.sweep().requeued == 1
    assert records.model(model).inspection is InspectionState.QUEUED
    records.publish_pending(rung.append)
    assert rung == [claim.work_id, claim.work_id]


def test_a_worker_that_is_lost_each_time_fails_the_job(records: Records, model: str) -> None:
    """After the last attempt: WORKER_LOST, not a fourth try."""
    inspect(records)
    job = records.submit(request())
    swept = []
    for _ in range(3):
        claim = take(records)
        lapse(records, claim)
        swept.append(records.sweep())
    assert [(s.requeued, s.lost) for s in swept] == [(1, 0), (1, 0), (0, 1)]
    error = records.job(job.id).error
    assert error is not None
    assert (error.code, error.stage) == ("WORKER_LOST", "shard")
    assert records.claim_next("w2") is None


def test_exhausted_work_is_not_claimed_past_the_sweep(records: Records, model: str) -> None:
    """A dead lease on its last attempt belongs to the reaper alone."""
    claim = take(records)
    for _ in range(2):
        lapse(records, claim)
        again = records.claim(claim.work_id, "w")
        assert again is not None
        claim = again
    lapse(records, claim)
    assert records.claim(claim.work_id, "w") is None
    records.sweep()
    found = records.model(claim.model)
    assert found.inspection is InspectionState.REJECTED
    assert found.problem is not None
    assert found.problem.code == "WORKER_LOST"


def test_a_running_job_past_its_deadline_fails(records: Records, model: str) -> None:
    """Its workers are told to stop, and nobody else may start its pieces."""
    inspect(records)
    job = records.submit(request())
    claim = take(records)
    late(records, "end_by")
    assert records.claim_next("w2") is None
    assert records.sweep().overdue == 1
    shown = records.job(job.id)
    assert shown.state is JobState.FAILED
    assert shown.error is not None
    assert shown.error.code == "DEADLINE_EXCEEDED"
    assert records.renew(claim) is Directive.CANCEL
    assert not hand_in(records, claim)


def test_a_queued_job_past_its_deadline_expires(records: Records, model: str) -> None:
    """Whether it waits for inspection or for a worker."""
    waiting = records.submit(request())
    inspect(records)
    planned = records.submit(request(seed=1))
    late(records, "start_by")
    assert records.claim_next("w1") is None
    assert records.sweep().expired == 2
    states = [records.job(job.id).state for job in (waiting, planned)]
    assert states == [JobState.EXPIRED, JobState.EXPIRED]


def test_a_canceling_job_ends_when_its_workers_leases_do(records: Records, model: str) -> None:
    """A worker that died while its job was canceled cannot hold it for ever."""
    inspect(records)
    job = records.submit(request())
    claim = take(records)
    records.cancel(job.id)
    lapse(records, claim)
    records.sweep()
    assert records.job(job.id).state is JobState.CANCELED
