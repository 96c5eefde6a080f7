"""The operators' view of idempotency records: what came twice, never what was answered."""

from django.contrib import admin

from khidma.http.models import IdempotencyRecord
from khidma.kernel.admin import OperatorAdmin


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(OperatorAdmin):
    list_display = ("created_at", "caller_id", "operation", "status", "settles_at")
    search_fields = ("caller_id",)
    list_filter = ("operation", "status")
    ordering = ("-id",)
    exclude = ("answer",)
