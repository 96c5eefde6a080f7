"""Settlements and acts of two people, for the operators of finance."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action as unfold_action
from unfold.forms import ActionForm

from accounts.models import User
from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.errors import KhidmaError
from khidma.kernel.money import rupees
from payments import services
from payments.admin.base import FinanceAdmin, MoneyAdmin
from payments.admin.moving import AdjustmentForm, AskForm, MoveForm
from payments.errors import SuspenseDoesNotFit
from payments.models import (
    BankHoliday,
    BankLine,
    Difference,
    ForeignRefund,
    PayoutBankLine,
    ReconciliationRun,
    SecondPersonAct,
    Settlement,
    SettlementLine,
    SuspenseDecision,
    SuspenseItem,
)


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
    actions_list = ("move", "adjust")

    @unfold_action(  # type: ignore[untyped-decorator]
        description=_("Move the owner's money"), url_path="move", permissions=["finance"]
    )
    def move(self, request: HttpRequest) -> HttpResponse:
        """Top-ups, and money that the owner puts in or takes out."""
        form = MoveForm(request.POST or None)
        return self._ask(request, form, lambda: _ask_for_move(form, request))

    @unfold_action(  # type: ignore[untyped-decorator]
        description=_("Correct an account"), url_path="adjust", permissions=["finance"]
    )
    def adjust(self, request: HttpRequest) -> HttpResponse:
        """Adjustments, with a reason."""
        form = AdjustmentForm(request.POST or None)
        return self._ask(request, form, lambda: _ask_for_adjustment(form, request))

    def _ask(self, request: HttpRequest, form: AskForm, ask: Callable[[], object]) -> HttpResponse:
        if request.method == "POST" and form.is_valid():
            try:
                ask()
            except KhidmaError as error:
                self.message_user(request, f"{error.details or error}", messages.ERROR)
            else:
                self.message_user(request, _("Another operator must confirm this now."))
                return redirect("admin:payments_secondpersonact_changelist")
        context = {**self.admin_site.each_context(request), "form": form, "title": _("Ask a second operator")}
        return render(request, "payments/admin_form.html", context)

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


def _ask_for_move(form: MoveForm, request: HttpRequest) -> object:
    facts = {name: form.cleaned_data[name] for name in ("move", "utr", "reason")}
    return services.ask_for_move(amount=form.paise, operator=request.user, **facts)  # type: ignore[arg-type]


def _ask_for_adjustment(form: AdjustmentForm, request: HttpRequest) -> object:
    facts = {name: form.cleaned_data[name] for name in ("account", "reason")}
    return services.ask_for_adjustment(amount=form.paise, operator=request.user, **facts)  # type: ignore[arg-type]


class ReasonForm(ActionForm):
    """What the buttons of a page need beside the rows: a reason, and the operator who takes them over."""

    reason = forms.CharField(max_length=500, required=False, label=_("reason"))
    owner = forms.ModelChoiceField(
        User.objects.filter(is_staff=True, groups__permissions__codename="finance").distinct(),
        required=False,
        label=_("owner"),
    )


class ReasonedAdmin(FinanceAdmin):
    """Buttons that take a reason, one row at a time; a refusal is shown, and the other rows go on."""

    action_form = ReasonForm

    def each(self, request: Any, queryset: QuerySet[Any], act: Callable[[Any, str], object]) -> None:
        """:raises nothing: refusals become messages."""
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, _("Give a reason."), messages.ERROR)
            return
        for record in queryset:
            try:
                act(record, reason)
            except KhidmaError as error:
                self.message_user(request, f"{record}: {error}", messages.ERROR)

    def give(self, request: Any, queryset: QuerySet[Any], assign: Callable[[Any, User], object]) -> None:
        """Hand the rows to the chosen owner."""
        try:
            owner = ReasonForm.base_fields["owner"].clean(request.POST.get("owner"))
        except forms.ValidationError:
            owner = None
        if owner is None:
            self.message_user(request, _("Choose an owner."), messages.ERROR)
            return
        for record in queryset:
            try:
                assign(record, owner)
            except KhidmaError as error:
                self.message_user(request, f"{record}: {error}", messages.ERROR)


@admin.register(Difference)
class DifferenceAdmin(ReasonedAdmin):
    """What the books do not agree on. No button moves money."""

    list_display = (
        "created_at",
        "subject",
        "side",
        "reference",
        "ours",
        "theirs",
        "in_rupees",
        "off_by",
        "status",
        "owner",
    )
    list_select_related = ("owner",)
    list_filter = ("status", "subject", "side", "created_at")
    search_fields = ("reference", "ours", "theirs", "id")
    actions = ("assign", "explain", "resolve")

    @admin.display(description=_("difference"), ordering="difference")
    def off_by(self, difference: Difference) -> str:
        return rupees(difference.difference)

    @admin.action(description=_("Give to the owner"), permissions=["finance"])
    def assign(self, request: Any, queryset: QuerySet[Difference]) -> None:
        """Say who looks after them."""
        self.give(
            request,
            queryset,
            lambda one, owner: services.assign_difference(difference=one, owner=owner, operator=request.user),
        )

    @admin.action(description=_("Explain"), permissions=["finance"])
    def explain(self, request: Any, queryset: QuerySet[Difference]) -> None:
        """Note where they come from."""
        self.each(
            request,
            queryset,
            lambda one, reason: services.explain_difference(difference=one, note=reason, operator=request.user),
        )

    @admin.action(description=_("Resolve"), permissions=["finance"])
    def resolve(self, request: Any, queryset: QuerySet[Difference]) -> None:
        """Take them off the list for a reason."""
        self.each(
            request,
            queryset,
            lambda one, reason: services.resolve_difference(difference=one, reason=reason, operator=request.user),
        )


@admin.register(SuspenseItem)
class SuspenseItemAdmin(ReasonedAdmin):
    """Money that matches nothing; the reason for an escrow begins with its reference."""

    list_display = ("created_at", "in_rupees", "status", "capture", "foreign_refund", "owner", "decision", "decided_at")
    list_select_related = ("capture", "foreign_refund", "owner")
    list_filter = ("status", "decision", "created_at")
    search_fields = ("id", "capture__gateway_payment_id", "foreign_refund__gateway_refund_id")
    actions = ("assign", "to_escrow", "to_source", "to_adjustment")

    @admin.action(description=_("Give to the owner"), permissions=["finance"])
    def assign(self, request: Any, queryset: QuerySet[SuspenseItem]) -> None:
        """Say who looks after them."""
        self.give(
            request,
            queryset,
            lambda item, owner: services.assign_suspense(item=item, owner=owner, operator=request.user),
        )

    @admin.action(description=_("Send back to where it came from"), permissions=["finance"])
    def to_source(self, request: Any, queryset: QuerySet[SuspenseItem]) -> None:
        """A refund of what was captured."""
        self._decide(request, queryset, SuspenseDecision.REFUND)

    @admin.action(description=_("Book as an adjustment"), permissions=["finance"])
    def to_adjustment(self, request: Any, queryset: QuerySet[SuspenseItem]) -> None:
        """Ours to gain or to lose."""
        self._decide(request, queryset, SuspenseDecision.ADJUSTMENT)

    @admin.action(description=_("Into the escrow whose reference begins the reason"), permissions=["finance"])
    def to_escrow(self, request: Any, queryset: QuerySet[SuspenseItem]) -> None:
        """Fund what awaits exactly it."""
        self._decide(request, queryset, SuspenseDecision.ESCROW)

    def _decide(self, request: Any, queryset: QuerySet[SuspenseItem], decision: str) -> None:
        self.each(request, queryset, lambda item, reason: _decide_item(item, decision, reason, request.user))


def _decide_item(item: SuspenseItem, decision: str, reason: str, operator: User) -> object:
    reference = None
    if decision == SuspenseDecision.ESCROW:
        try:
            reference = UUID(reason.split()[0])
        except ValueError as error:
            raise SuspenseDoesNotFit from error
    return services.decide_suspense(item=item, decision=decision, reason=reason, operator=operator, reference=reference)


@admin.register(ForeignRefund)
class ForeignRefundAdmin(MoneyAdmin):
    list_display = ("created_at", "gateway_refund_id", "gateway_payment_id", "in_rupees", "from_escrow", "returned_at")
    list_filter = ("created_at", "returned_at")
    search_fields = ("gateway_refund_id", "gateway_payment_id")


@admin.register(BankLine)
class BankLineAdmin(FinanceAdmin):
    """The bank's statement; a file of it is taken in at the top of the list."""

    list_display = ("on", "utr", "in_rupees", "description", "occurrence", "imported_by_id")
    list_filter = ("on",)
    search_fields = ("utr", "description")
    actions_list = ("bring",)

    @unfold_action(  # type: ignore[untyped-decorator]
        description=_("Take in a statement"), url_path="bring", permissions=["finance"]
    )
    def bring(self, request: HttpRequest) -> HttpResponse:
        """A CSV with the columns date, UTR, amount (rupees, debits negative), description."""
        form = StatementForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                text = form.cleaned_data["file"].read().decode("utf-8")
                count = services.import_statement(text=text, operator=request.user)  # type: ignore[arg-type]
            except (KhidmaError, UnicodeDecodeError) as error:
                details = getattr(error, "details", None) or str(error)
                self.message_user(request, f"{details}", messages.ERROR)
            else:
                self.message_user(request, _("New lines: %(count)d.") % {"count": count})
                return redirect("admin:payments_bankline_changelist")
        context = {**self.admin_site.each_context(request), "form": form, "title": _("Take in a statement")}
        return render(request, "payments/admin_form.html", context)


class StatementForm(forms.Form):
    """The file of a bank's statement."""

    file = forms.FileField(label=_("CSV: date, UTR, amount, description"))


@admin.register(PayoutBankLine)
class PayoutBankLineAdmin(OperatorAdmin):
    list_display = ("made_at", "transaction_id", "source_id", "credit", "debit", "balance")
    list_filter = ("made_at",)
    search_fields = ("transaction_id", "source_id")
    ordering = ("-made_at",)


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(OperatorAdmin):
    list_display = ("day", "finished_at", "lines", "compared", "matched", "found", "closed", "unread")
    list_filter = ("day",)
    search_fields = ("day",)
    ordering = ("-id",)


@admin.register(BankHoliday)
class BankHolidayAdmin(OperatorAdmin):
    """Days on which banks are closed, besides Sundays and the second and fourth Saturdays."""

    list_display = ("day", "name")
    list_filter = ("day",)
    search_fields = ("name",)
    ordering = ("-day",)
    editable = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.finance"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()
