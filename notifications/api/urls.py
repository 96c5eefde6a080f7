"""Addresses of notifications."""

from django.urls import path

from notifications.api.views import devices, notifications, preferences, webhooks

urlpatterns = [
    path("notifications", notifications.NotificationList.as_view()),
    path("notifications/read-all", notifications.NotificationReadAll.as_view()),
    path("notifications/preferences", preferences.PreferencesDetail.as_view()),
    path("notifications/tokens", devices.PushTokenList.as_view()),
    path("notifications/tokens/<uuid:token_id>", devices.PushTokenDetail.as_view()),
    path("notifications/<uuid:notification_id>/read", notifications.NotificationRead.as_view()),
    path("webhooks/subscriptions", webhooks.SubscriptionList.as_view()),
    path("webhooks/subscriptions/<uuid:subscription_id>", webhooks.SubscriptionDetail.as_view()),
    path("webhooks/subscriptions/<uuid:subscription_id>/rotate-secret", webhooks.SubscriptionSecret.as_view()),
    path("webhooks/subscriptions/<uuid:subscription_id>/test", webhooks.SubscriptionTest.as_view()),
    path("webhooks/deliveries", webhooks.DeliveryList.as_view()),
    path("webhooks/deliveries/<uuid:delivery_id>/redeliver", webhooks.DeliveryAgain.as_view()),
]
