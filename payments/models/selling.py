"""What the platform itself sells: money that is not held for anybody, but earned with its capture."""

from django.db import models
from django.db.models import F, Q

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.models.paying import Capture, Payment
from payments.states import SALE_STATES, SaleStatus


class Sale(Stateful, Record):
    """One thing that a payment buys from the platform. `amount` has the `gst` inside, which is known once it is paid.

    `returned` went back to the buyer later, in paise, with its part of the tax.
    """

    states = SALE_STATES

    reference = models.UUIDField(unique=True, editable=False)
    about = models.UUIDField(editable=False)
    """The caller's id of what it is bought for."""
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="sale")
    amount = PaiseField()
    status = StateField(choices=SaleStatus, default=SaleStatus.AWAITING)
    paid_by = models.ForeignKey(Capture, null=True, on_delete=models.PROTECT, related_name="sales")
    paid_at = models.DateTimeField(null=True)
    gst = models.BigIntegerField(null=True)
    returned = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=100, amount__lte=CAP_PAISE), name="payments_sale_amount"),
            models.CheckConstraint(
                condition=Q(status__in=[SaleStatus.AWAITING, SaleStatus.ABANDONED], paid_by__isnull=True)
                | Q(
                    status__in=[SaleStatus.SOLD, SaleStatus.RETURNED],
                    paid_by__isnull=False,
                    paid_at__isnull=False,
                    gst__gte=0,
                    gst__lte=F("amount"),
                ),
                name="payments_sale_paid",
            ),
            models.CheckConstraint(
                condition=Q(returned=0) & ~Q(status=SaleStatus.RETURNED)
                | Q(status=SaleStatus.RETURNED, returned__gte=1, returned__lte=F("amount")),
                name="payments_sale_returned_within",
            ),
        ]

    def __str__(self) -> str:
        return f"sale of {self.reference}"
