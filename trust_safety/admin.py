"""Contests for operators: to be read here, decided over the API."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from trust_safety.models import Contest, Lapse


@admin.register(Contest)
class ContestAdmin(OperatorAdmin):
    list_display = ("id", "cancellation", "raised_by", "status", "found", "fault", "decide_by", "overdue_at")
    search_fields = ("id", "cancellation__id", "cancellation__order__id", "raised_by__id", "raised_by__phone")
    list_filter = ("status", "found", "fault", "overdue_at", "created_at")
    list_select_related = ("cancellation", "raised_by")
    ordering = ("decided_at", "decide_by")


@admin.register(Lapse)
class LapseAdmin(OperatorAdmin):
    list_display = ("created_at", "user_id", "kind", "points", "message_id")
    search_fields = ("user__id", "user__phone", "message_id")
    list_filter = ("kind", "created_at")
    ordering = ("-created_at",)
