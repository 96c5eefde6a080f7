"""Time: the database's clock, through the one SQL function that tests and proofs may shift."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, connections, models
from django.db.models import Func


class Now(Func):
    """The database's clock as an expression: the start of the transaction, plus the shift."""

    function = "khidma_now"
    arity = 0
    output_field = models.DateTimeField()


def now() -> datetime:
    """The database's clock, read now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT khidma_now()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def shift(by: timedelta) -> None:
    """Move the clock of the whole system, for tests and proofs. :raises RuntimeError: in production."""
    if settings.KHIDMA_ENV == "production":
        raise RuntimeError("The clock cannot be shifted in production.")
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE kernel_clock SET shift = shift + make_interval(secs => %s)", [by.total_seconds()])


class Clock(models.Model):
    """The one row that says by how much the clock is shifted; only the owner's role may write it."""

    shift = models.DurationField(default=timedelta(0))

    class Meta:
        db_table = "kernel_clock"
        verbose_name = "clock"
        verbose_name_plural = "clock"

    def __str__(self) -> str:
        return f"shifted by {self.shift}"
