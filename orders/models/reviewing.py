"""What the two sides of a completed order say of each other."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from orders.models.order import Order

HIGHEST = 5


class ReviewQuerySet(models.QuerySet["Review"]):
    def shown(self) -> Self:
        """Those that everybody sees."""
        return self.filter(shown_at__isnull=False)

    def due(self) -> Self:
        """Those whose wait for the other side is over."""
        return self.filter(shown_at=None, due_at__lte=Now())


class Review(Record):
    """One side's word on the other. Hidden until both are in, or until `due_at`; answered once."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="reviews", db_index=False, verbose_name=_("order")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews_written", verbose_name=_("author")
    )
    reviewed = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="reviews_received",
        db_index=False,
        verbose_name=_("reviewed"),
    )
    rating = models.PositiveSmallIntegerField(_("rating"))
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("tags"))
    comment = models.TextField(_("comment"), blank=True)
    due_at = models.DateTimeField(_("shown at the latest"))
    shown_at = models.DateTimeField(_("shown since"), null=True)
    reply = models.TextField(_("reply"), blank=True)
    replied_at = models.DateTimeField(_("replied at"), null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["order", "author"], name="orders_review_once"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=HIGHEST), name="orders_review_rating"),
            models.CheckConstraint(condition=~Q(author=F("reviewed")), name="orders_review_of_another"),
            models.CheckConstraint(
                condition=Q(reply="", replied_at__isnull=True) | Q(replied_at__isnull=False) & ~Q(reply=""),
                name="orders_review_replied_at",
            ),
            models.CheckConstraint(
                condition=Q(replied_at__isnull=True) | Q(shown_at__isnull=False), name="orders_review_reply_is_shown"
            ),
        ]
        indexes = [
            models.Index(
                fields=["reviewed", "-id"], condition=Q(shown_at__isnull=False), name="orders_reviews_received"
            ),
            models.Index(fields=["due_at"], condition=Q(shown_at__isnull=True), name="orders_reviews_due"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for {self.reviewed_id}"

    @property
    def is_shown(self) -> bool:
        return self.shown_at is not None

    @property
    def comment_or_none(self) -> str | None:
        return self.comment or None

    @property
    def reply_or_none(self) -> str | None:
        return self.reply or None
