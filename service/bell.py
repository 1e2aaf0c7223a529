"""How queued work is announced: through Celery by the task's name, or not at all."""

import logging
from collections.abc import Callable

from celery import Celery

from junco.contract.bell import KEY_PREFIX, QUEUE, TASK
from junco.storage import Records, StorageSettings

log = logging.getLogger(__name__)


def publisher(settings: StorageSettings) -> Callable[[str], None] | None:
    """A function that announces one piece of work; None in embedded mode, where workers poll the records."""
    if settings.broker_url is None:
        return None
    app = Celery("junco", broker=settings.broker_url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_default_queue=QUEUE,
        # A dead broker must not hold a request: the outbox keeps the bell, and the next tick rings it.
        broker_connection_timeout=2.0,
        broker_transport_options={
            "global_keyprefix": KEY_PREFIX,
            "socket_timeout": 5.0,
            "socket_connect_timeout": 2.0,
            "max_retries": 0,
        },
    )

    def publish(work_id: str) -> None:
        app.send_task(TASK, args=[work_id], retry=False)

    return publish


def ringer(records: Records, publish: Callable[[str], None] | None) -> Callable[[], None]:
    """A function that announces all new work and logs, rather than raises, what goes wrong."""

    def ring() -> None:
        if publish is None:
            return
        try:
            records.publish_pending(publish)
        except Exception as error:  # noqa: BLE001,RUF100 - whatever the broker's client raises; the next tick tries again
            log.warning("work is queued but could not be announced: %s", error)

    return ring


def reachable(broker_url: str) -> bool:
    """Whether the broker answers within two seconds."""
    app = Celery("junco", broker=broker_url)
    app.conf.broker_transport_options = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
    try:
        with app.connection_for_write(connect_timeout=2.0) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2.0)
    except Exception:  # noqa: BLE001,RUF100 - any failure means no
        return False
    return True
