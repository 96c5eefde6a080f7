"""Addresses of notifications."""

from django.urls import path

from notifications.api import views

urlpatterns = [
    path("notifications", views.NotificationList.as_view()),
    path("notifications/read-all", views.NotificationReadAll.as_view()),
    path("notifications/tokens", views.PushTokenList.as_view()),
    path("notifications/tokens/<uuid:token_id>", views.PushTokenDetail.as_view()),
    path("notifications/<uuid:notification_id>/read", views.NotificationRead.as_view()),
]
