"""Telling people: a row in the app, an event on their stream, and the promise that it goes out."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import override

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.realtime import streams
from notifications import selectors
from notifications.events import PersonTold
from notifications.models import Notification
from notifications.sentences import Said, Sentence

SAID_ONCE_SECONDS = 60
"""The same words about the same thing are said once in each such span of time."""

LONGEST_TITLE, LONGEST_BODY = 200, 1000


@transaction.atomic
def tell(
    *,
    user_id: UUID,
    kind: str,
    title: Said,
    body: Said | Sequence[Said],
    data: dict[str, Any],
    action_url: str = "",
    channels: Iterable[str] = (),
) -> Notification:
    """Tell one person one thing in their language: stored, on their stream, and out by the channels that they want.

    `channels` (`sms`, `email`, `push`) are those that it deserves. What has just been said is not said again: then the
    answer is the notification that said it.
    """
    language = selectors.get_preferences_of(user_id).language
    sentences = [body] if isinstance(body, str | Sentence) or not isinstance(body, Sequence) else list(body)
    with override(language):
        words = [str(one) for one in (title, *sentences)]
        values = {name: str(value) for one in (title, sentences[0]) for name, value in _values(one).items()}
    notification = Notification(
        user_id=user_id,
        kind=kind,
        title=words[0][:LONGEST_TITLE],
        body=" ".join(words[1:])[:LONGEST_BODY],
        data=data,
        action_url=action_url,
        language=language,
    )
    notification.dedupe_key = _dedupe_key(notification)
    Notification.objects.bulk_create([notification], ignore_conflicts=True)
    stored = Notification.objects.get(dedupe_key=notification.dedupe_key)
    if stored.pk != notification.pk:
        return stored
    if channels := list(channels):
        text = f"{words[0]}. {words[1]}"[:LONGEST_BODY]
        publish(PersonTold(notification_id=stored.id, channels=channels, text=text, values=values))
    streams.push(user_ids=[user_id], event="NOTIFICATION", data=stored.for_stream())
    return stored


def _values(said: Said) -> dict[str, Any]:
    return said.values if isinstance(said, Sentence) else {}


def _dedupe_key(told: Notification) -> str:
    """Who, what kind, of which objects, in which words, in which span of time (the database's clock)."""
    span = int(now().timestamp()) // SAID_ONCE_SECONDS
    about = [str(told.user_id), told.kind, json.dumps(told.data, sort_keys=True), told.title, told.body, str(span)]
    return hashlib.sha256("\0".join(about).encode()).hexdigest()


def mark_read(*, notification: Notification) -> Notification:
    """Remember that its receiver has seen it; a second time changes nothing."""
    Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(read_at=now())
    notification.refresh_from_db()
    return notification


def mark_all_read(*, user: User) -> int:
    """Everything the user has not seen is read now; how many that were."""
    return Notification.objects.filter(user=user).unread().update(read_at=now())
