"""Returns and chargebacks, for the operators of finance."""

from django.contrib import admin

from payments.admin.base import MoneyAdmin
from payments.models import Chargeback, Return


@admin.register(Return)
class ReturnAdmin(MoneyAdmin):
    """What went back after a release, and who has borne it."""

    list_display = (
        "created_at",
        "why",
        "escrow_id",
        "in_rupees",
        "platform_fee",
        "gst",
        "tds",
        "taken",
        "owed",
        "by_id",
    )
    list_filter = ("why", "created_at")
    search_fields = ("id", "escrow__reference", "escrow__payee__phone", "chargeback__gateway_dispute_id")


@admin.register(Chargeback)
class ChargebackAdmin(MoneyAdmin):
    """What banks ask back, how far they have gone, and what a lost one cost whom."""

    list_display = (
        "created_at",
        "gateway_dispute_id",
        "phase",
        "status",
        "in_rupees",
        "taken",
        "reason_code",
        "has_evidence",
        "respond_by",
        "from_escrow",
        "from_refunds",
        "from_payee",
        "from_house",
    )
    list_filter = ("status", "phase", "created_at")
    search_fields = ("id", "gateway_dispute_id", "capture__gateway_payment_id", "capture__payment__id")
