"""The alarm clock: wakes the workers when something is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

app = Celery("khidma")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_sweeps(sender: Celery, **_: object) -> None:
    """Put every sweep of the apps on the clock."""
    from khidma.kernel.sweeps import schedule

    sender.conf.beat_schedule = schedule()
