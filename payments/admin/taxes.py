"""Taxes for the operators of finance: rates proposed and confirmed, challans booked, documents to look at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.errors import KhidmaError
from payments import services
from payments.admin.base import FinanceAdmin
from payments.documents.printing import print_invoices
from payments.models import Invoice, InvoiceNumber, Remittance, TaxProfile, TaxRate, TaxYear
from payments.selectors.taxes import today

IN_PAISE = _("In paise: 100 for one rupee.")


class TaxRateForm(forms.ModelForm[TaxRate]):
    class Meta:
        model = TaxRate
        fields = ("kind", "supply_class", "basis_points", "threshold", "starts_on", "law")
        help_texts = {"threshold": IN_PAISE, "basis_points": _("100 for one percent.")}

    def clean_starts_on(self) -> Any:
        day = self.cleaned_data["starts_on"]
        if day <= today():
            raise forms.ValidationError(_("A rate begins on a day to come."))
        return day


class RemittanceForm(forms.ModelForm[Remittance]):
    class Meta:
        model = Remittance
        fields = ("challan", "gst", "tds", "tcs", "supply_gst", "set_off", "reason")
        help_texts = dict.fromkeys(("gst", "tds", "tcs", "supply_gst", "set_off"), IN_PAISE)


class AddedByService(FinanceAdmin):
    """Rows that operators of finance add by a form; the form calls a service, and nothing is ever edited."""

    added: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_finance_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if request.path.endswith("/add/") else super().get_readonly_fields(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.added if obj is None else super().get_fields(request, obj)

    def add(self, operator: Any, values: dict[str, Any]) -> Any:
        """Call the service; what it made, or None where it waits for a second operator."""
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Show a refusal of the service as a message, and the list again."""
        try:
            return super().add_view(request, form_url, extra_context)
        except KhidmaError as error:
            self.message_user(request, f"{error} {error.details or ''}", messages.ERROR)
            return self.response_post_save_add(request, self.model())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        made = self.add(request.user, form.cleaned_data)
        obj.pk = made.pk if isinstance(made, self.model) else None

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(request, obj, message) if obj.pk else None

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        if obj.pk:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, _("Another operator must confirm this."), messages.WARNING)
        return self.response_post_save_add(request, obj)


@admin.register(TaxRate)
class TaxRateAdmin(AddedByService):
    form = TaxRateForm
    added = TaxRateForm.Meta.fields
    list_display = (
        "kind",
        "supply_class",
        "basis_points",
        "threshold",
        "starts_on",
        "law",
        "proposed_by",
        "confirmed_by",
    )
    list_filter = ("kind", "starts_on")
    list_select_related = ("proposed_by", "confirmed_by")
    search_fields = ("law", "supply_class")
    ordering = ("kind", "supply_class", "-starts_on")
    actions = ("confirm", "withdraw")

    def add(self, operator: Any, values: dict[str, Any]) -> TaxRate:
        return services.propose_tax_rate(operator=operator, **values)

    @admin.action(description=_("Confirm"), permissions=["finance"])
    def confirm(self, request: Any, queryset: QuerySet[TaxRate]) -> None:
        """Stand behind a rate that somebody else proposed, or that came with the house."""
        self._each(request, queryset, services.confirm_tax_rate)

    @admin.action(description=_("Withdraw"), permissions=["finance"])
    def withdraw(self, request: Any, queryset: QuerySet[TaxRate]) -> None:
        """Take back what has not begun."""
        self._each(request, queryset, services.withdraw_tax_rate)

    def _each(self, request: Any, queryset: QuerySet[TaxRate], act: Any) -> None:
        for rate in queryset:
            try:
                act(rate=rate, operator=request.user)
            except KhidmaError as error:
                self.message_user(request, f"{rate}: {error}", messages.ERROR)


@admin.register(Remittance)
class RemittanceAdmin(AddedByService):
    form = RemittanceForm
    added = RemittanceForm.Meta.fields
    list_display = ("challan", "gst", "tds", "tcs", "supply_gst", "set_off", "by", "confirmed_by", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("by", "confirmed_by")
    search_fields = ("challan", "reason")

    def add(self, operator: Any, values: dict[str, Any]) -> Any:
        return services.remit_tax(operator=operator, **values)


@admin.register(TaxProfile)
class TaxProfileAdmin(OperatorAdmin):
    """The sealed GSTIN is not shown."""

    list_display = ("user_id", "pan_status", "state", "updated_at")
    list_filter = ("pan_status", "state")
    search_fields = ("user__phone", "user__id")
    exclude = ("sealed_gstin",)
    ordering = ("-id",)


@admin.register(TaxYear)
class TaxYearAdmin(OperatorAdmin):
    list_display = ("user_id", "starts_on", "gross")
    in_paise = ("gross",)
    list_filter = ("starts_on",)
    search_fields = ("user__phone", "user__id")
    ordering = ("-id",)


@admin.register(Invoice)
class InvoiceAdmin(FinanceAdmin):
    """The sealed GSTIN is not shown."""

    list_display = ("number", "kind", "issued_on", "recipient_id", "escrow_id")
    list_filter = ("kind", "issued_on")
    search_fields = ("number", "escrow__reference", "recipient__phone")
    exclude = ("sealed_gstin",)
    actions = ("print_them",)

    @admin.action(description=_("Print"), permissions=["finance"])
    def print_them(self, request: Any, queryset: QuerySet[Invoice]) -> HttpResponse:
        """The chosen documents as one PDF, as they were issued."""
        return HttpResponse(print_invoices(list(queryset.order_by("id"))), content_type="application/pdf")


@admin.register(InvoiceNumber)
class InvoiceNumberAdmin(OperatorAdmin):
    list_display = ("series", "starts_on", "last")
    list_filter = ("series", "starts_on")
    search_fields = ("series",)
    ordering = ("-starts_on", "series")
