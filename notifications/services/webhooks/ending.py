"""What ends: subscriptions that take nothing any more, deliveries whose time is over, and the memory of old ones."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from khidma.kernel.clock import Now, now
from notifications.models import (
    DisabledBecause,
    Failure,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookSecret,
    WebhookSubscription,
)
from notifications.runtime import WebhookSettings
from notifications.sentences import sentence as _
from notifications.services.telling import tell

BATCH = 2_000


def disable(*, subscription: WebhookSubscription, because: str) -> None:
    """Send nothing more to a locked subscription, give up what waits for it, and tell its owner."""
    subscription.active = False
    subscription.disabled_at, subscription.disabled_because = now(), because
    subscription.due_at = None
    subscription.save(update_fields=["active", "disabled_at", "disabled_because", "due_at"])
    WebhookDelivery.objects.filter(subscription=subscription, status=WebhookDeliveryStatus.PENDING).update(
        status=WebhookDeliveryStatus.FAILED, failure=Failure.DISABLED
    )
    host = subscription.url.split("/")[2]
    sentences = {
        DisabledBecause.GONE: _(
            "%(host)s answered that it is gone (410). We send nothing there until you turn it on.", host=host
        ),
        DisabledBecause.FAILING: _(
            "%(host)s has taken nothing for days. We send nothing there until you turn it on.", host=host
        ),
    }
    tell(
        user_id=subscription.user_id,
        kind="webhook_disabled",
        title=_("A webhook was turned off"),
        body=sentences[DisabledBecause(because)],
        data={"subscriptionId": str(subscription.pk)},
        channels=("email", "push"),
    )


def disable_failing() -> int:
    """Turn off, and say so, what has taken nothing for days although it was tried, even if nothing is tried any more;
    how many."""
    failing = Q(active=True, failing_since__lte=Now() - timedelta(days=WebhookSettings.load().disable_days))
    chosen = WebhookSubscription.objects.filter(failing).order_by("failing_since").values_list("pk", flat=True)
    return sum(_disable_if(failing, pk) for pk in list(chosen[:BATCH]))


@transaction.atomic
def _disable_if(failing: Q, subscription_id: UUID) -> bool:
    """False: it was taken or turned off meanwhile."""
    rows = WebhookSubscription.objects.select_for_update(no_key=True).filter(failing, pk=subscription_id)
    if (subscription := rows.first()) is None:
        return False
    disable(subscription=subscription, because=DisabledBecause.FAILING)
    return True


@transaction.atomic
def give_up() -> int:
    """End what was not taken in its time, whether or not it was its turn; how many. What somebody writes just now is
    left for the next time."""
    over = WebhookDelivery.objects.filter(status=WebhookDeliveryStatus.PENDING, give_up_at__lte=Now())
    free = over.select_for_update(skip_locked=True, no_key=True).order_by("give_up_at").values_list("pk", flat=True)
    return WebhookDelivery.objects.filter(pk__in=list(free[:BATCH])).update(status=WebhookDeliveryStatus.FAILED)


@transaction.atomic
def forget_deliveries() -> int:
    """Delete deliveries past their time of keeping, and secrets that sign no more; how many deliveries."""
    WebhookSecret.objects.filter(signs_until__lte=Now()).delete()
    kept = timedelta(days=WebhookSettings.load().kept_days)
    old = WebhookDelivery.objects.filter(created_at__lt=Now() - kept)
    old = old.exclude(Q(status=WebhookDeliveryStatus.PENDING))
    return WebhookDelivery.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
