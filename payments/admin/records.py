"""The ledger and what moves in it, for operators to look at."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from accounts.models import User
from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.money import rupees
from payments import services
from payments.admin.base import FinanceAdmin, MoneyAdmin
from payments.admin.reconciling import ReasonedAdmin
from payments.models import (
    Account,
    AccountKind,
    BankAccount,
    Capture,
    Entry,
    Escrow,
    GatewayAttempt,
    GatewayEvent,
    Payment,
    PaymentItem,
    Refund,
    Sale,
    Transfer,
    Validation,
)


@admin.register(Account)
class AccountAdmin(ReasonedAdmin):
    in_paise = ("balance",)
    list_display = ("kind", "owner_id", "normal_side", "balance_in_rupees")
    list_filter = ("kind",)
    search_fields = ("owner_id", "id")
    ordering = ("kind", "id")
    actions = ("write_off",)

    @admin.action(description=_("Ask to write off an old debt"), permissions=["finance"])
    def write_off(self, request: Any, queryset: models.QuerySet[Account]) -> None:
        """Of debts only; another operator confirms it."""
        self.each(
            request,
            queryset.filter(kind=AccountKind.RECEIVABLE),
            lambda debt, reason: services.ask_write_off(
                user=User.objects.get(pk=debt.owner_id), operator=request.user, reason=reason
            ),
        )

    @admin.display(description=_("balance"), ordering="balance")
    def balance_in_rupees(self, account: Account) -> str:
        return rupees(account.balance)


class EntryInline(TabularInline):
    model = Entry
    fields = readonly_fields = ("account", "in_rupees")
    can_delete = False
    extra = 0

    @admin.display(description=_("debit (+), credit (-)"))
    def in_rupees(self, entry: Entry) -> str:
        return rupees(entry.amount)

    def has_add_permission(self, request: Any, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: models.Model | None = None) -> bool:
        return False

    def get_queryset(self, request: Any) -> models.QuerySet[Entry]:
        entries: models.QuerySet[Entry] = super().get_queryset(request).select_related("account")
        return entries


@admin.register(Transfer)
class TransferAdmin(OperatorAdmin):
    list_display = ("at", "kind", "key", "reference", "entry_count", "note")
    list_filter = ("kind", "at")
    search_fields = ("key", "reference", "id")
    ordering = ("-id",)
    exclude = ("content",)
    inlines = (EntryInline,)


@admin.register(Entry)
class EntryAdmin(MoneyAdmin):
    in_paise = ("amount",)
    list_display = ("id", "transfer", "account", "in_rupees")
    list_select_related = ("transfer", "account")
    search_fields = ("transfer__key", "account__owner_id")
    list_filter = ("account__kind",)


@admin.register(Escrow)
class EscrowAdmin(MoneyAdmin):
    in_paise = ("payee_gross", "refunded", "platform_fee", "gst", "tds", "supply_gst", "tcs", "payee_net")
    list_display = ("reference", "status", "in_rupees", "payer_id", "payee_id", "funded_at", "decided_at")
    list_filter = ("status", "created_at")
    search_fields = ("reference", "id", "payer__phone", "payee__phone")


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    list_display = ("id", "status", "purpose", "in_rupees", "payer_id", "gateway_order_id", "created_at", "captured_at")
    list_filter = ("status", "purpose", "method", "created_at")
    search_fields = ("id", "gateway_order_id", "gateway_payment_id", "payer__phone")


@admin.register(PaymentItem)
class PaymentItemAdmin(MoneyAdmin):
    list_display = ("payment", "escrow", "in_rupees")
    list_select_related = ("payment", "escrow")
    search_fields = ("payment__id", "escrow__reference")
    list_filter = ("created_at",)


@admin.register(Capture)
class CaptureAdmin(MoneyAdmin):
    in_paise = ("amount", "fee", "fee_tax")
    list_display = ("gateway_payment_id", "use", "in_rupees", "currency", "fee_in_rupees", "created_at")
    list_filter = ("use", "method", "created_at")
    search_fields = ("gateway_payment_id", "gateway_order_id", "payment__id")

    @admin.display(description=_("fee"))
    def fee_in_rupees(self, capture: Capture) -> str:
        return "" if capture.fee is None else rupees(capture.fee)


@admin.register(Refund)
class RefundAdmin(ReasonedAdmin):
    list_display = ("id", "status", "reason", "way", "in_rupees", "gateway_refund_id", "failure_reason", "created_at")
    list_filter = ("status", "reason", "way", "created_at")
    search_fields = ("id", "gateway_refund_id", "payment__id", "capture__gateway_payment_id")
    actions = ("send_again", "pay_by_bank")

    @admin.action(description=_("Pay to the payer's bank account"), permissions=["finance"])
    def pay_by_bank(self, request: Any, queryset: models.QuerySet[Refund]) -> None:
        """What failed at the gateway for good goes to the payer's default account, which must be verified."""
        self.each(
            request,
            queryset,
            lambda refund, reason: services.pay_refund_by_bank(refund=refund, operator=request.user, reason=reason),
        )

    @admin.action(description=_("Send again"), permissions=["finance"])
    def send_again(self, request: Any, queryset: models.QuerySet[Refund]) -> None:
        """Begin a new attempt at refunds that have failed."""
        self.each(
            request,
            queryset,
            lambda refund, reason: services.retry_refund(refund=refund, operator=request.user, reason=reason),
        )


@admin.register(BankAccount)
class BankAccountAdmin(OperatorAdmin):
    """The sealed number is not shown."""

    list_display = ("id", "user_id", "status", "number_last4", "ifsc", "bank_name", "is_default", "removed_at")
    list_filter = ("status", "is_default")
    search_fields = ("id", "user__phone", "gateway_fund_account_id")
    exclude = ("sealed_number", "number_index")
    ordering = ("-id",)


@admin.register(Validation)
class ValidationAdmin(OperatorAdmin):
    list_display = ("id", "bank_account", "status", "account_status", "gateway_validation_id", "created_at")
    list_select_related = ("bank_account",)
    list_filter = ("status", "account_status")
    search_fields = ("id", "gateway_validation_id", "bank_account__id")
    ordering = ("-id",)


@admin.register(GatewayAttempt)
class GatewayAttemptAdmin(OperatorAdmin):
    list_display = ("created_at", "operation", "status", "calls", "key", "gateway_id", "http_status", "reason")
    list_filter = ("operation", "status", "created_at")
    search_fields = ("key", "subject_id", "gateway_id")
    ordering = ("-id",)


@admin.register(GatewayEvent)
class GatewayEventAdmin(FinanceAdmin):
    list_display = ("created_at", "name", "status", "attempts", "event_id", "done_at", "last_error")
    list_filter = ("status", "name", "created_at")
    search_fields = ("event_id", "id")
    exclude = ("raw",)
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.action(description=_("Try again"), permissions=["finance"])
    def try_again(self, request: Any, queryset: models.QuerySet[GatewayEvent]) -> None:
        """Work through events again that were given up."""
        count = services.revive_events(events=queryset, operator=request.user)
        self.message_user(request, _("%(count)d events will be tried again.") % {"count": count})


@admin.register(Sale)
class SaleAdmin(MoneyAdmin):
    in_paise = ("gst", "returned")
    list_display = ("reference", "about", "status", "in_rupees", "gst", "returned", "paid_at")
    list_filter = ("status", "created_at")
    search_fields = ("id", "reference", "about", "payment__id")
    ordering = ("-id",)

    @admin.display(description=_("amount"), ordering="amount")
    def in_rupees(self, sale: Sale) -> str:
        return rupees(sale.amount)
