"""What a person was told, over HTTP."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from accounts.api.permissions import caller_of
from khidma.http.views import ApiView, operation
from notifications import selectors, services
from notifications.api.serializers import (
    NotificationQuery,
    NotificationSerializer,
    NotificationSummary,
    ReadAllResult,
)
from notifications.errors import NotificationUnknown


class NotificationList(ApiView):
    @operation(
        access="user",
        returns=NotificationSerializer,
        paging="feed",
        query=NotificationQuery,
        extras={"summary": NotificationSummary},
    )
    def get(self, request: Request) -> Any:
        """In-app notifications, newest first, with how many there are in all and how many are unread."""
        caller = caller_of(request)
        listed = selectors.list_notifications_for(caller)
        if self.query().get("unread"):
            listed = listed.unread()
        return self.feed(listed, order=("-id",), summary=selectors.count_for(caller))


class NotificationRead(ApiView):
    @operation(access="user", returns=NotificationSerializer, errors=[NotificationUnknown])
    def put(self, request: Request, notification_id: UUID) -> Any:
        """Mark one read."""
        notification = selectors.get_notification_for(caller_of(request), notification_id)
        return services.mark_read(notification=notification)


class NotificationReadAll(ApiView):
    @operation(access="user", returns=ReadAllResult)
    def put(self, request: Request) -> Any:
        """Mark all read."""
        return {"updated": services.mark_all_read(user=caller_of(request))}
