"""The alarm clock: wakes the workers when something is due."""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_prerun
from django.db import close_old_connections

from khidma.kernel.sweeps import PUBLISHED_AT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

app = Celery("khidma")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect
def note_moment(headers: dict[str, Any], **_: object) -> None:
    """Let every task say since when it has been waiting."""
    headers[PUBLISHED_AT] = time.time()


@task_prerun.connect
def leave_dead_connections(**_: object) -> None:
    """Let no task inherit a connection that died: a thread of the worker keeps its own over tasks, and nobody else
    looks whether it still works, so after a restart of the database every task would fail."""
    close_old_connections()


@app.on_after_finalize.connect
def schedule_sweeps(sender: Celery, **_: object) -> None:
    """Put every sweep of the apps on the clock."""
    from khidma.kernel.sweeps import schedule

    sender.conf.beat_schedule = schedule()
