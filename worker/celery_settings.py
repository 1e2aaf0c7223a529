"""Celery's settings, each with its reason."""

from celery import Celery

from junco.contract.bell import KEY_PREFIX, QUEUE
from worker import transport
from worker.settings import WorkerSettings

_VISIBILITY_SECONDS = 6 * 3600


def configure(app: Celery, settings: WorkerSettings) -> None:
    """Celery's settings. The claim in the database makes duplicates harmless; these keep them rare and losses short."""
    transport.install()
    app.conf.update(
        broker_url=settings.broker_url or "memory://",
        # Nobody reads results from Celery: the records hold them, and a second truth would sooner or later differ.
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # For the same reason: whether work has begun is a row's state.
        task_track_started=False,
        # A message carries an id and nothing else; pickles would let whoever reaches the broker run code.
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=QUEUE,
        # Acknowledged when done, so that a worker that vanishes leaves its bell behind.
        task_acks_late=True,
        # Not True: it would loop for ever on a model that takes its worker down. The sweep brings work back, counted.
        task_reject_on_worker_lost=False,
        # Nor its capped sister: two counters of attempts would disagree, and it sees no death of a whole worker.
        task_retry_on_worker_lost=False,
        # What a task raises is in the row, or the lease will end: a bell that stays would ring for nothing.
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        # With late acknowledgement exactly one message a slot: none waits behind a long piece of work.
        worker_prefetch_multiplier=1,
        # One lane a worker process, which is one a GPU; more hosts or containers give more.
        worker_concurrency=1,
        # A forked child cannot use CUDA, nor the threads of its parent.
        worker_pool_start_method="spawn",
        # The default of 4 s with spawn and slow imports is an endless kill loop.
        worker_proc_alive_timeout=120.0,
        # Runners are one-shot, so the pool process stays small; recycling bounds what leaks all the same.
        worker_max_tasks_per_child=200,
        # False, and said so because Celery 6 changes it: True loses work when the broker blinks.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # A worker outlives any outage of the broker; the default gives up after 100 tries.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            # Longer than a piece of work plus its wait; shorter only wastes duplicates, which the claim refuses.
            "visibility_timeout": _VISIBILITY_SECONDS,
            # The sweep for lost messages: each 10 s instead of each 100 s.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "global_keyprefix": KEY_PREFIX,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        visibility_timeout=_VISIBILITY_SECONDS,
        # Our own deadlines kill the runner, not the pool process; a hard limit here would orphan the claim. A soft one
        # is an exception in the lane's Python, which a native loop in the runner never sees.
        task_time_limit=None,
        task_soft_time_limit=None,
        # Off: on SIGTERM lanes kill their runners and hand their work back (celery_app): the warm stop takes seconds.
        # REMAP_SIGTERM is left unset too: a cold stop would leave the claims to their leases.
        worker_soft_shutdown_timeout=0.0,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
    )
