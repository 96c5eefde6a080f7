"""Who wants to be told over HTTP, and every event on its way there."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.models import Record


class WebhookEvent(models.TextChoices):
    """What a subscription may ask for. Nothing announces the two of disputes yet."""

    GIG_CREATED = "gig.created"
    GIG_CLOSED = "gig.closed"
    GIG_CANCELLED = "gig.cancelled"
    APPLICATION_CREATED = "application.created"
    APPLICATION_ACCEPTED = "application.accepted"
    ORDER_CREATED = "order.created"
    ORDER_FUNDED = "order.funded"
    ORDER_SUBMITTED = "order.submitted"
    ORDER_APPROVED = "order.approved"
    ORDER_COMPLETED = "order.completed"
    ORDER_CANCELLED = "order.cancelled"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYOUT_PROCESSED = "payout.processed"
    PAYOUT_FAILED = "payout.failed"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_RESOLVED = "dispute.resolved"
    REVIEW_CREATED = "review.created"


TEST_EVENT = "webhook.test"
"""What the operation `test` sends; nobody subscribes to it."""


class DisabledBecause(models.TextChoices):
    GONE = "gone", _("The receiver answered 410 Gone")
    FAILING = "failing", _("Nothing was taken for days")


class WebhookSubscription(Record):
    """One address of one user that hears of events; `hears_all` if the user was an operator when it was made.

    Two moments pace it: `due_at` is the earliest moment at which one of its pending deliveries is due (none: null), and
    before `not_before` nothing is sent, because it rests after a failure or others have their turn first.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_subscriptions", db_index=False
    )
    url = models.CharField(_("address"), max_length=2000)
    events = ArrayField(models.CharField(max_length=40, choices=WebhookEvent))
    active = models.BooleanField(default=True)
    hears_all = models.BooleanField(default=False)
    last_sequence = models.PositiveBigIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(db_default=Now())
    failure_count = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=10, choices=DisabledBecause, blank=True)

    class Meta:
        verbose_name = _("webhook subscription")
        verbose_name_plural = _("webhook subscriptions")
        constraints = [
            models.CheckConstraint(condition=models.Q(events__len__gt=0), name="webhook_subscription_hears_something"),
            models.CheckConstraint(
                condition=models.Q(disabled_at__isnull=True, disabled_because="")
                | (models.Q(disabled_at__isnull=False, active=False) & ~models.Q(disabled_because="")),
                name="webhook_subscription_disabled_is_not_active",
            ),
            models.CheckConstraint(
                condition=models.Q(failure_count=0, failing_since__isnull=True)
                | models.Q(failure_count__gt=0, failing_since__isnull=False),
                name="webhook_subscription_failing_since_its_first",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="webhook_subscription_of_user"),
            models.Index(
                fields=["id"], condition=models.Q(active=True, hears_all=True), name="webhook_subscription_of_all"
            ),
            models.Index(
                Greatest("due_at", "not_before"),
                name="webhook_subscription_ready",
                condition=models.Q(active=True, due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookSecretQuerySet(models.QuerySet["WebhookSecret"]):
    """Chainable reads of secrets."""

    def signing(self) -> "WebhookSecretQuerySet":
        """Those in use, and those rotated out whose time is not over."""
        return self.filter(models.Q(signs_until__isnull=True) | models.Q(signs_until__gt=Now()))


class WebhookSecret(Record):
    """A secret that signs for a subscription: the one in use, or one that was rotated out and signs a while longer."""

    subscription = models.ForeignKey(WebhookSubscription, on_delete=models.CASCADE, related_name="secrets")
    sealed_secret = models.TextField()
    signs_until = models.DateTimeField(null=True)

    objects = WebhookSecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=models.Q(signs_until__isnull=True), name="webhook_secret_one_in_use"
            )
        ]
        indexes = [
            models.Index(
                fields=["signs_until"], condition=models.Q(signs_until__isnull=False), name="webhook_secret_ending"
            )
        ]

    def __str__(self) -> str:
        return f"secret of {self.subscription_id}"

    @property
    def binding(self) -> str:
        """Where it opens."""
        return f"webhook_secret:{self.pk}"


class WebhookDeliveryStatus(models.TextChoices):
    PENDING = "pending", _("On its way")
    DELIVERED = "delivered", _("Taken")
    FAILED = "failed", _("Given up")


class Failure(models.TextChoices):
    """Why the last attempt came to nothing."""

    REFUSED = "refused_address", _("The address is not one we send to")
    UNREACHABLE = "unreachable", _("No connection")
    TIMEOUT = "timeout", _("No answer in time")
    ANSWER = "answer", _("An answer other than 2xx")
    DISABLED = "disabled", _("The subscription was disabled")


class WebhookDelivery(Record):
    """One event for one subscription: its body as it is sent at every attempt, the retry and the record.

    `event_id` is the fact's, so that no fact comes twice; `sequence` counts within the subscription, without gaps.
    `object_id` is what the event is about.
    """

    subscription = models.ForeignKey(
        WebhookSubscription, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_deliveries", db_index=False
    )
    event_type = models.CharField(max_length=40)
    event_id = models.UUIDField(default=new_id)
    object_id = models.UUIDField(null=True)
    sequence = models.PositiveBigIntegerField()
    body = models.TextField()
    status = models.CharField(max_length=10, choices=WebhookDeliveryStatus, default=WebhookDeliveryStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    give_up_at = models.DateTimeField()
    attempted_at = models.DateTimeField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_ms = models.PositiveIntegerField(null=True)
    failure = models.CharField(max_length=20, choices=Failure, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event_id"], name="webhook_delivery_once_per_event"),
            models.UniqueConstraint(fields=["subscription", "sequence"], name="webhook_delivery_one_per_number"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="webhook_delivery_of_user"),
            models.Index(fields=["subscription", "-id"], name="webhook_delivery_of_subscr"),
            models.Index(fields=["subscription", "object_id", "-sequence"], name="webhook_delivery_of_object"),
            models.Index(
                fields=["subscription", "due_at", "id"],
                condition=models.Q(status="pending"),
                name="webhook_delivery_due",
            ),
            models.Index(fields=["give_up_at"], condition=models.Q(status="pending"), name="webhook_delivery_ending"),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} → {self.subscription_id}"

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is tried next, as far as it depends on itself; None once it is no longer pending."""
        return self.due_at if self.status == WebhookDeliveryStatus.PENDING else None
