"""The query parameters of the lists of payments."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from khidma.http.fields import DAY, Choice, Day, Moment
from khidma.http.serializers import Query
from payments.selectors.wallet import ADJUSTMENT, TYPES

INDIA = ZoneInfo("Asia/Kolkata")


class Since(Moment):
    """A moment, or the first one of a day in India."""

    day_offset = 0

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, str) and DAY.fullmatch(data):
            day = Day().run_validation(data) + timedelta(days=self.day_offset)
            return datetime.combine(day, time.min, INDIA)
        return super().to_internal_value(data)


class Until(Since):
    """A moment, or the end of a day in India; not included."""

    day_offset = 1


class StatementQuery(Query):
    """Which lines of the statement."""

    type = Choice(choices=[*TYPES, ADJUSTMENT], required=False)
    from_ = Since(required=False, source="since")
    to = Until(required=False, source="until")
