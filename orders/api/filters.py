"""What lists and figures of orders may be asked for."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from khidma.http.fields import Choice, Day, ListOf, Moment
from khidma.http.serializers import Query
from orders.states import OrderStatus


class OrderQuery(Query):
    role = Choice(["client", "doer"], required=False)
    status = ListOf(Choice(OrderStatus.values), required=False, unique=True)


class DayOrMoment(Day):
    """A day, also given as a moment of it."""

    def to_internal_value(self, data: Any) -> date:
        if isinstance(data, str) and data.isdecimal():
            reader = Moment()
            reader.bind("", self.root)
            return reader.to_internal_value(data).astimezone(ZoneInfo(settings.TIME_ZONE)).date()
        return super().to_internal_value(data)


class EarningsQuery(Query):
    """Days are included on both ends."""

    from_ = DayOrMoment(required=False, source="since")
    to = DayOrMoment(required=False, source="until")
    group_by = Choice(["day", "week", "month"], required=False)
