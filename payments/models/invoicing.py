"""Invoices, receipts and credit notes: numbered without gaps in each financial year, and never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.sealing import unseal
from payments.models.escrow import Escrow
from payments.models.returns import Return


class InvoiceKind(models.TextChoices):
    """What a document is; each kind has a series of numbers of its own."""

    COMMISSION = "commission", _("Tax invoice for the commission")
    RECEIPT = "receipt", _("Receipt for the work")
    SUPPLY = "supply", _("Tax invoice for the work, section 9(5)")
    COMMISSION_CREDIT = "commission_credit", _("Credit note for the commission")
    WORK_CREDIT = "work_credit", _("Credit note for the work")


SERIES = {
    InvoiceKind.COMMISSION: "C",
    InvoiceKind.RECEIPT: "R",
    InvoiceKind.SUPPLY: "S",
    InvoiceKind.COMMISSION_CREDIT: "CN",
    InvoiceKind.WORK_CREDIT: "WN",
}
CREDITS = [InvoiceKind.COMMISSION_CREDIT, InvoiceKind.WORK_CREDIT]


class InvoiceNumber(models.Model):
    """The last number given in a series and a financial year; its row is locked until the document is committed."""

    series = models.CharField(_("series"), max_length=2)
    starts_on = models.DateField(_("first day of the year"))
    last = models.PositiveIntegerField(_("last number"))

    class Meta:
        verbose_name = _("invoice number")
        verbose_name_plural = _("invoice numbers")
        constraints = [
            models.UniqueConstraint(fields=["series", "starts_on"], name="payments_invoice_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.starts_on}: {self.last}"


class Invoice(Record):
    """One document for one person, as it was issued: `content` is all that is printed, but for the payee's GSTIN.

    `template` says which version of the layout it is printed with, so that it looks the same for ever.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=InvoiceKind)
    escrow = models.ForeignKey(
        Escrow, models.PROTECT, related_name="invoices", db_index=False, verbose_name=_("escrow")
    )
    returned = models.ForeignKey(
        Return, models.PROTECT, null=True, related_name="invoices", db_index=False, verbose_name=_("return")
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="invoices", verbose_name=_("recipient")
    )
    series = models.CharField(_("series"), max_length=2)
    starts_on = models.DateField(_("first day of the year"))
    sequence = models.PositiveIntegerField(_("number in the year"))
    number = models.CharField(_("number"), max_length=16, unique=True)
    issued_on = models.DateField(_("issued on"))
    content = models.JSONField(_("content"))
    sealed_gstin = models.TextField(_("GSTIN of the payee, sealed"), blank=True)
    template = models.PositiveSmallIntegerField(_("version of the layout"), default=1)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["series", "starts_on", "sequence"], name="payments_invoice_sequence"),
            models.UniqueConstraint(
                fields=["escrow", "kind"], condition=Q(returned__isnull=True), name="payments_invoice_once"
            ),
            models.UniqueConstraint(fields=["returned", "kind"], name="payments_credit_note_once"),
            models.CheckConstraint(
                condition=Q(kind__in=CREDITS, returned__isnull=False) | ~Q(kind__in=CREDITS) & Q(returned__isnull=True),
                name="payments_credit_note_of_a_return",
            ),
            models.CheckConstraint(condition=Q(kind__in=InvoiceKind.values), name="payments_invoice_kind"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="payments_invoice_from_one"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def sealing_binding(self) -> str:
        """Where the sealed GSTIN belongs."""
        return f"invoice:{self.pk}:gstin"

    @property
    def payee_gstin(self) -> str | None:
        return unseal(self.sealed_gstin, binding=self.sealing_binding) if self.sealed_gstin else None
