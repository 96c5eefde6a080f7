"""What lists and figures of orders may be asked for."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from gigs.models import BudgetType
from khidma.http.fields import Choice, Day, Id, ListOf, Moment
from khidma.http.serializers import Query
from orders.api.serializers import CANCEL_REASONS
from orders.states import OrderStatus


class OrderQuery(Query):
    role = Choice(["client", "doer"], required=False)
    status = ListOf(Choice(OrderStatus.values), required=False, unique=True)


class CancellationQuery(Query):
    reason = Choice(CANCEL_REASONS, required=False)


class OperatorOrderQuery(Query):
    status = ListOf(Choice(OrderStatus.values), required=False, unique=True)
    budget_type = Choice(BudgetType.values, required=False)
    client_id = Id(required=False)
    doer_id = Id(required=False)
    gig_id = Id(required=False)


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
