"""The devices that pushes go to, over HTTP."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from accounts.api.permissions import caller_of, session_of
from khidma.http.views import ApiView, operation
from notifications import selectors, services
from notifications.api.serializers import PushTokenBody, PushTokenSerializer
from notifications.errors import PushTokenUnknown


class PushTokenList(ApiView):
    @operation(access="user", body=PushTokenBody, returns=PushTokenSerializer, status=201)
    def post(self, request: Request) -> Any:
        """Register a device for push."""
        return services.register_push_token(user=caller_of(request), session=session_of(request), **self.body())


class PushTokenDetail(ApiView):
    @operation(access="user", errors=[PushTokenUnknown])
    def delete(self, request: Request, token_id: UUID) -> Any:
        """Remove a device."""
        services.remove_push_token(push_token=selectors.get_push_token_for(caller_of(request), token_id))
