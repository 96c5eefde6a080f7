"""What the gateway paid into our bank, line by line, as its reports say."""

from django.db import models
from django.db.models import Q

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField


class Settlement(Record):
    """One payment of the gateway to our bank, booked once. `lines_read_at` is empty until its report was read whole."""

    gateway_settlement_id = models.CharField(max_length=40, unique=True)
    amount = PaiseField()
    utr = models.CharField(max_length=60, db_index=True)
    settled_at = models.DateTimeField()
    lines_read_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True, db_default=Now())
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=1), name="payments_settlement_amount")]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_settlement_look"),
            models.Index(fields=["settled_at"], name="payments_settlement_at"),
        ]

    def __str__(self) -> str:
        return self.gateway_settlement_id


class SettlementLine(Record):
    """One line of a settlement's report as the gateway last gave it; `fee` includes `tax`."""

    settlement = models.ForeignKey(Settlement, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    entity_id = models.CharField(max_length=40)
    payment_id = models.CharField(max_length=40, blank=True)
    dispute_id = models.CharField(max_length=40, blank=True)
    amount = PaiseField()
    fee = PaiseField()
    tax = PaiseField()
    debit = PaiseField()
    credit = PaiseField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["settlement", "number"], name="payments_settlement_line_once"),
        ]
        indexes = [models.Index(fields=["entity_id"], name="payments_settlement_entity")]

    def __str__(self) -> str:
        return f"{self.kind} {self.entity_id}"
