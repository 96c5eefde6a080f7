"""The weekly withdrawal over HTTP."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import Field

from khidma.http.fields import Flag, Moment, Paise
from khidma.http.serializers import Serializer
from khidma.http.views import ApiView, operation
from payments import services
from payments.errors import PayoutTooSmall
from payments.models import AutoPayout, Weekday

NAMES = {day.name.lower(): day.value for day in Weekday}


@extend_schema_field({"type": "string", "enum": list(NAMES)})
class WeekdayField(Field[int, str, str, Any]):
    """A day by its English name, or by its ISO number (Monday is 1); answers the name."""

    default_error_messages = {"invalid_choice": _("Must be a day of the week.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and data in NAMES:
            return NAMES[data]
        if not isinstance(data, int) or isinstance(data, bool) or data not in Weekday.values:
            self.fail("invalid_choice")
        return data

    def to_representation(self, value: Any) -> str:
        return Weekday(value).name.lower()


class AutoPayoutBody(Serializer):
    enabled = Flag()
    weekday = WeekdayField()
    minimum = Paise()


class AutoPayoutSerializer(AutoPayoutBody):
    """What was chosen, and when the next one is made; nothing, while it is off."""

    next_at = Moment(allow_null=True)


class AutoPayoutChoice(ApiView):
    @operation(access="user", body=AutoPayoutBody, returns=AutoPayoutSerializer, errors=[PayoutTooSmall])
    def put(self, request: Any) -> AutoPayout:
        """Withdraw everything available once a week: on or off, the day, and the least that is worth it."""
        return services.set_auto_payout(user=request.user, **self.body())
