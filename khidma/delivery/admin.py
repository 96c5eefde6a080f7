"""The outbox of a local run, for operators."""

from django.contrib import admin

from khidma.delivery.models import OutboxMessage
from khidma.kernel.admin import OperatorAdmin


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OperatorAdmin):
    list_display = ("created_at", "channel", "to", "subject")
    search_fields = ("to", "body")
    list_filter = ("channel", "created_at")
    ordering = ("-id",)
