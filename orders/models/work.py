"""What was handed in for an order, and what was sent back."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from orders.models.milestone import Milestone
from orders.models.order import Order


class Deliverable(Record):
    """Work that the doer handed in: words, files and links. Never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="deliverables")
    milestone = models.ForeignKey(Milestone, null=True, on_delete=models.PROTECT, related_name="deliverables")
    message = models.TextField()
    links = ArrayField(models.CharField(max_length=2000), default=list, blank=True)
    minutes_worked = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("deliverable")
        verbose_name_plural = _("deliverables")
        indexes = [models.Index(fields=["order", "id"], name="orders_deliverables")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.pk}"


class RevisionRequest(Record):
    """The client's wish for changes to what was submitted; moves the deadline by the days it gives. Never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="revision_requests")
    milestone = models.ForeignKey(Milestone, null=True, on_delete=models.PROTECT, related_name="revision_requests")
    number = models.PositiveSmallIntegerField()
    message = models.TextField()
    extra_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("revision request")
        verbose_name_plural = _("revision requests")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "number"], condition=Q(milestone=None), name="orders_revision_once_per_number"
            ),
            models.UniqueConstraint(fields=["milestone", "number"], name="orders_milestone_revision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.number}"
