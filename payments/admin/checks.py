"""The checks of the whole ledger, for operators to look at."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from payments.models import LedgerCheck


@admin.register(LedgerCheck)
class LedgerCheckAdmin(OperatorAdmin):
    list_display = ("created_at", "is_sound", "seconds")
    search_fields = ("id",)
    list_filter = ("is_sound", "created_at")
    ordering = ("-created_at",)
