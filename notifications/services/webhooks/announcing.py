"""Carrying a fact to every subscription that may hear of it, as its own user sees the object."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from accounts.models import User
from khidma.kernel import context
from khidma.kernel.clock import now
from khidma.kernel.errors import NotFound
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent, StateChange
from notifications.models import WebhookDelivery, WebhookSubscription
from notifications.services.webhooks import picturing
from notifications.services.webhooks.writing import Happening, write

TURN = 0x74_75_72_6E
"""Of the advisory locks that those hold who write for the subscriptions of one user."""

_AWAIT_TURN = """
    SELECT pg_advisory_xact_lock(hashtextextended(owner.user_id::text, %s))
    FROM (
        SELECT DISTINCT user_id FROM notifications_webhooksubscription
        WHERE active AND events @> ARRAY[%s]::varchar[] AND (hears_all OR user_id = ANY(%s))
        ORDER BY user_id
    ) AS owner
"""


@transaction.atomic
def announce(
    *, event_type: str, kind: str, object_id: UUID, parties: Iterable[UUID], reached: Collection[str] = ()
) -> list[WebhookDelivery]:
    """Write one delivery for each subscription of a party, and of each operator with the right to see such objects.

    `reached` are the states that the fact may have led to: they say which status came before. Within the handling of
    one event, a subscription gets it once, however often this is called.
    """
    parties = set(parties)
    if not _await_turn(event_type, parties):
        return []
    subscriptions = _listening(event_type, parties)
    event_id = context.event_id.get() or new_id()
    before, last = _status_before(kind, object_id, reached), _last_told_if_new(subscriptions, event_id, object_id)
    pictures = _Pictures(kind, object_id)
    data = []
    for subscription in (one for one in subscriptions if one.pk in last):
        if (shown := pictures.shown_to(subscription.user)) is not None:
            previous = {**_changes(last[subscription.pk], shown), **before}
            data.append((subscription, {"object": shown, "previous": previous}))
    return write(Happening(event_type, event_id, _moment_of(event_id), object_id), data)


def _await_turn(event_type: str, parties: set[UUID]) -> bool:
    """Facts for the same subscriptions stand in line here, and one of them at most stands in the line for their rows,
    so that the lane, which stands there too, waits for one and not for all. False: nobody listens."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAIT_TURN, [TURN, event_type, list(parties)])
        return cursor.fetchone() is not None


def _listening(event_type: str, parties: set[UUID]) -> list[WebhookSubscription]:
    """Who asked for it, locked in the order of their ids, so that no two facts wait for each other."""
    asked = WebhookSubscription.objects.filter(active=True, events__contains=[event_type], user__is_active=True)
    either = asked.filter(Q(user__in=parties) | Q(hears_all=True))
    locked = either.select_related("user").select_for_update(of=("self",), no_key=True).order_by("id")
    return [one for one in locked if one.user_id in parties or one.user.is_staff]


class _Pictures:
    """The object as each user sees it, looked up once for each."""

    def __init__(self, kind: str, object_id: UUID) -> None:
        self.kind, self.object_id = kind, object_id
        self.known: dict[UUID, dict[str, Any] | None] = {}

    def shown_to(self, user: User) -> dict[str, Any] | None:
        """None: they may not see it."""
        if user.pk not in self.known:
            try:
                self.known[user.pk] = picturing.show(self.kind, self.object_id, user)
            except NotFound:
                self.known[user.pk] = None
        return self.known[user.pk]


def _moment_of(event_id: UUID) -> datetime:
    """When the fact was published."""
    return OutboxEvent.objects.filter(pk=event_id).values_list("created_at", flat=True).first() or now()


def _status_before(kind: str, object_id: UUID, reached: Collection[str]) -> dict[str, str]:
    """The state that the object left for one of these, by its timeline."""
    steps = StateChange.objects.filter(subject_type=kind, subject_id=object_id, to_status__in=list(reached))
    left = steps.order_by("-id").values_list("from_status", flat=True).first() if reached else None
    return {"status": left} if left else {}


def _last_told_if_new(
    subscriptions: list[WebhookSubscription], event_id: UUID, object_id: UUID
) -> dict[UUID, str | None]:
    """Of each subscription that did not get this event yet, the body that it got last about this object."""
    deliveries = WebhookDelivery.objects.filter(subscription=OuterRef("pk"))
    last = deliveries.filter(object_id=object_id).order_by("-sequence").values("body")[:1]
    new = WebhookSubscription.objects.filter(pk__in=[one.pk for one in subscriptions]).exclude(
        Exists(deliveries.filter(event_id=event_id))
    )
    return dict(new.annotate(last=Subquery(last)).values_list("pk", "last"))


def _changes(last: str | None, shown: dict[str, Any]) -> dict[str, Any]:
    """What is different now from what was last told, with the values from then."""
    if last is None:
        return {}
    then: dict[str, Any] = json.loads(last)["data"]["object"]
    return {name: then.get(name) for name in sorted({*then, *shown}) if then.get(name) != shown.get(name)}
