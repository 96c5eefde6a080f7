"""Withdrawals and holds, for the operators of finance: the queue of what waits, with the buttons that let it go."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.errors import KhidmaError
from payments import services
from payments.admin.base import FinanceAdmin, MoneyAdmin
from payments.models import AutoPayout, AutoPayoutRun, Payout, PayoutHold, WalletHold

BY_HAND = "By hand, in the admin."


@admin.register(Payout)
class PayoutAdmin(FinanceAdmin):
    in_paise = ("fee", "fee_tax")
    list_display = (
        "id",
        "status",
        "in_rupees",
        "mode",
        "user_id",
        "utr",
        "failure_reason",
        "created_at",
        "processed_at",
    )
    list_filter = ("status", "mode", "created_at")
    search_fields = ("id", "gateway_payout_id", "utr", "user__phone")
    actions = ("hold", "approve", "cancel")

    @admin.action(description=_("Hold"), permissions=["finance"])
    def hold(self, request: Any, queryset: QuerySet[Payout]) -> None:
        """Stop what was not sent yet."""
        self._each(
            request,
            queryset,
            lambda payout: services.hold_payout(payout=payout, operator=request.user, reason=BY_HAND),
        )

    @admin.action(description=_("Approve"), permissions=["finance"])
    def approve(self, request: Any, queryset: QuerySet[Payout]) -> None:
        """Let go of what is held, as one of the two people that it takes."""
        self._each(request, queryset, lambda payout: services.approve_payout(payout=payout, operator=request.user))

    @admin.action(description=_("Cancel"), permissions=["finance"])
    def cancel(self, request: Any, queryset: QuerySet[Payout]) -> None:
        """Give the money back to the wallet, where it was not sent yet."""
        self._each(
            request,
            queryset,
            lambda payout: services.cancel_payout_for(payout=payout, operator=request.user, reason=BY_HAND),
        )

    def _each(self, request: Any, queryset: QuerySet[Payout], act: Callable[[Payout], Payout]) -> None:
        for payout in queryset:
            try:
                act(payout)
            except KhidmaError as error:
                self.message_user(request, f"{payout}: {error}", messages.ERROR)


@admin.register(PayoutHold)
class PayoutHoldAdmin(OperatorAdmin):
    list_display = ("created_at", "payout", "reason", "held_by_id", "approved_by_id", "released_by_id", "ended_at")
    list_filter = ("created_at", "ended_at")
    list_select_related = ("payout",)
    search_fields = ("payout__id", "payout__user__phone")
    ordering = ("-id",)


@admin.register(WalletHold)
class WalletHoldAdmin(MoneyAdmin):
    list_display = ("created_at", "user_id", "in_rupees", "reason", "reference", "released_at")
    list_filter = ("created_at",)
    search_fields = ("reference", "id", "user__phone")


@admin.register(AutoPayout)
class AutoPayoutAdmin(OperatorAdmin):
    list_display = ("user_id", "enabled", "weekday", "minimum", "next_at")
    list_filter = ("enabled", "weekday")
    search_fields = ("user__id", "user__phone")
    ordering = ("-id",)


@admin.register(AutoPayoutRun)
class AutoPayoutRunAdmin(OperatorAdmin):
    list_display = ("week", "user_id", "payout", "created_at")
    list_filter = ("week",)
    list_select_related = ("payout",)
    search_fields = ("user__id", "user__phone", "payout__id")
    ordering = ("-id",)
