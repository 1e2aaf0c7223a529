"""What the built Celery app and the Redis server are told: each setting keeps a known way of losing work shut."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from celery import Celery

from junco.contract.bell import KEY_PREFIX, QUEUE
from worker.celery_settings import configure
from worker.settings import WorkerSettings

WANTED = {
    "broker_url": "redis://127.0.0.1:6379/0",
    "result_backend": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_track_started": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_default_queue": QUEUE,
    "task_acks_late": True,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    "task_reject_on_worker_lost": False,
    "task_retry_on_worker_lost": False,
    "task_time_limit": None,
    "task_soft_time_limit": None,
    "worker_prefetch_multiplier": 1,
    "worker_concurrency": 1,
    "worker_pool_start_method": "spawn",
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_soft_shutdown_timeout": 0.0,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
}


@pytest.fixture(scope="module")
def app() -> Celery:
    app = Celery("tests")
    configure(app, WorkerSettings(broker_url="redis://127.0.0.1:6379/0"))
    app.finalize()
    return app


@pytest.mark.parametrize("name", WANTED)
def test_the_app_has_the_setting(app: Celery, name: str) -> None:
    """By value, as the worker reads it."""
    assert app.conf[name] == WANTED[name]


def test_the_running_module_s_app_is_configured_the_same(app: Celery) -> None:
    """The app that ``celery -A worker.celery_app`` loads; its broker is the environment's."""
    from worker.celery_app import app as loaded

    differing = {name for name in WANTED if loaded.conf[name] != app.conf[name]}
    assert differing <= {"broker_url"}


def test_a_child_has_time_to_import_and_is_replaced_now_and_then(app: Celery) -> None:
    """The default of 4 s with spawn is an endless kill loop; and what leaks is bounded."""
    assert app.conf.worker_proc_alive_timeout >= 60
    assert 1 <= app.conf.worker_max_tasks_per_child <= 1000


def test_redelivery_is_later_than_any_work_and_lost_messages_are_looked_for_often(app: Celery) -> None:
    """In seconds: visibility over an hour, in both places that Redis reads; the sweep each 10 s, not each 100 s."""
    options: dict[str, Any] = app.conf.broker_transport_options
    assert options["visibility_timeout"] == app.conf.visibility_timeout > 3600
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 10
    assert options["global_keyprefix"] == KEY_PREFIX
    assert options["socket_keepalive"]
    assert 0 < options["health_check_interval"] < 60


def test_the_broker_of_the_composition_keeps_its_messages() -> None:
    """Append-only, and nothing is evicted: without either, a restart or a full memory drops bells in silence."""
    file = Path(__file__).parents[2] / "docker-compose.yml"
    command = yaml.safe_load(file.read_text())["services"]["redis"]["command"]
    told = dict(zip(command[1::2], command[2::2], strict=True))
    assert (told["--appendonly"], told["--maxmemory-policy"]) == ("yes", "noeviction")
    assert "--maxmemory" in told
