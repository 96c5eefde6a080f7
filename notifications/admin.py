"""What people were told, for operators."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from notifications.models import Notification, PushToken


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
