"""Addresses of notifications."""

from django.urls import path

from notifications.api.views import devices, notifications

urlpatterns = [
    path("notifications", notifications.NotificationList.as_view()),
    path("notifications/read-all", notifications.NotificationReadAll.as_view()),
    path("notifications/tokens", devices.PushTokenList.as_view()),
    path("notifications/tokens/<uuid:token_id>", devices.PushTokenDetail.as_view()),
    path("notifications/<uuid:notification_id>/read", notifications.NotificationRead.as_view()),
]
