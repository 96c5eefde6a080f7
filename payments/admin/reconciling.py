"""Settlements and acts of two people, for the operators of finance."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import KhidmaError
from payments import services
from payments.admin.base import FinanceAdmin, MoneyAdmin
from payments.models import SecondPersonAct, Settlement, SettlementLine


@admin.register(Settlement)
class SettlementAdmin(MoneyAdmin):
    list_display = ("gateway_settlement_id", "in_rupees", "utr", "settled_at", "lines_read_at")
    list_filter = ("settled_at",)
    search_fields = ("gateway_settlement_id", "utr")


@admin.register(SettlementLine)
class SettlementLineAdmin(MoneyAdmin):
    list_display = ("settlement", "number", "kind", "entity_id", "in_rupees", "fee", "debit", "credit")
    list_filter = ("kind",)
    list_select_related = ("settlement",)
    search_fields = ("entity_id", "payment_id", "settlement__gateway_settlement_id")


@admin.register(SecondPersonAct)
class SecondPersonActAdmin(FinanceAdmin):
    """What waits for a second operator, and what became of it."""

    list_display = ("created_at", "kind", "subject_id", "in_rupees", "reason", "status", "asked_by_id", "decided_by_id")
    list_filter = ("status", "kind", "created_at")
    search_fields = ("subject_id", "id", "reason")
    actions = ("confirm", "decline")

    @admin.action(description=_("Confirm as the second operator"), permissions=["finance"])
    def confirm(self, request: Any, queryset: QuerySet[SecondPersonAct]) -> None:
        """Carry out what another operator asked for."""
        for act in queryset:
            try:
                services.confirm_act(act=act, operator=request.user)
            except KhidmaError as error:
                self.message_user(request, f"{act}: {error}", messages.ERROR)

    @admin.action(description=_("Decline"), permissions=["finance"])
    def decline(self, request: Any, queryset: QuerySet[SecondPersonAct]) -> None:
        """Leave it undone."""
        for act in queryset:
            try:
                services.decline_act(act=act, operator=request.user, reason=str(_("Declined in the admin")))
            except KhidmaError as error:
                self.message_user(request, f"{act}: {error}", messages.ERROR)
