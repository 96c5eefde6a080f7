"""What a person wants to hear, over HTTP."""

from typing import Any

from rest_framework.request import Request

from accounts.api.permissions import caller_of
from khidma.http.views import ApiView, operation
from notifications import selectors, services
from notifications.api.serializers import PreferencesSerializer


class PreferencesDetail(ApiView):
    @operation(access="user", returns=PreferencesSerializer)
    def get(self, request: Request) -> Any:
        """Channels by kind, quiet hours, language."""
        return selectors.get_preferences_of(caller_of(request).pk)

    @operation(access="user", body=PreferencesSerializer, returns=PreferencesSerializer)
    def patch(self, request: Request) -> Any:
        """Change what is given; `quietHours: null` ends them. `security` cannot be turned off."""
        changes = self.body()
        clear = "quiet_hours" in changes and changes["quiet_hours"] is None
        return services.change_preferences(user=caller_of(request), clear_quiet_hours=clear, **changes)
