"""What people and the servers of others were told, for operators."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from notifications.models import Notification, PushToken, WebhookDelivery, WebhookSecret, WebhookSubscription


@admin.register(Notification)
class NotificationAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "kind", "title", "read_at")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone", "user__email", "title")
    list_filter = ("kind", "created_at")
    ordering = ("-id",)


@admin.register(PushToken)
class PushTokenAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "platform", "device_id")
    list_select_related = ("user",)
    exclude = ("token",)
    search_fields = ("user__id", "user__phone")
    list_filter = ("platform",)
    ordering = ("-id",)


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(OperatorAdmin):
    list_display = ("created_at", "user", "url", "active", "failure_count", "last_success_at", "disabled_because")
    list_select_related = ("user",)
    search_fields = ("user__id", "user__phone", "user__email", "url")
    list_filter = ("active", "disabled_because", "hears_all")
    ordering = ("-id",)


@admin.register(WebhookSecret)
class WebhookSecretAdmin(OperatorAdmin):
    list_display = ("created_at", "subscription", "signs_until")
    list_select_related = ("subscription",)
    exclude = ("sealed_secret",)
    search_fields = ("subscription__id", "subscription__user__id")
    list_filter = ("signs_until",)
    ordering = ("-id",)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(OperatorAdmin):
    list_display = ("created_at", "event_type", "user", "status", "attempts", "response_status", "failure", "due_at")
    list_select_related = ("user", "subscription")
    exclude = ("body",)
    search_fields = ("id", "subscription__id", "user__id", "object_id")
    list_filter = ("status", "event_type", "failure")
    ordering = ("-id",)
