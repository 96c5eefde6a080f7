"""Having read: a participant's mark moves forward, never back."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from messaging.models import Conversation, Message, Participant, ReadMark
from messaging.services.announcing import announce_read


@dataclass(frozen=True)
class Reading:
    """When a message was read, and whether that is news."""

    at: datetime
    is_new: bool


@transaction.atomic
def mark_read(*, conversation: Conversation, reader: User, message: Message) -> Reading:
    """Read everything up to and with this message; what was read before stays as it was."""
    place = Participant.objects.select_for_update(no_key=True).get(conversation=conversation, user=reader)
    if message.sequence <= place.last_read_sequence:
        earlier = ReadMark.objects.filter(participant=place, sequence__gte=message.sequence).earliest("sequence")
        return Reading(earlier.created_at, is_new=False)
    mark = ReadMark.objects.create(participant=place, sequence=message.sequence)
    later = Message.objects.filter(conversation=conversation, sequence__gt=message.sequence)
    place.last_read_sequence, place.last_read_at = message.sequence, mark.created_at
    place.unread_count = later.exclude(sender=reader).count()
    place.save(update_fields=["last_read_sequence", "last_read_at", "unread_count"])
    announce_read(conversation=conversation, message=message, reader_id=reader.pk, at=mark.created_at)
    return Reading(mark.created_at, is_new=True)
