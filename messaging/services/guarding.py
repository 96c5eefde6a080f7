"""What stands between a writer and the other side: blocks, and contact details before the order is funded."""

from collections.abc import Iterable

from accounts.models import User
from accounts.selectors import is_blocked_among
from khidma.kernel.events import publish
from messaging.errors import BlockedBetween
from messaging.events import ContactDetailsMasked
from messaging.masking import Masked, mask_contacts, mask_name
from messaging.models import Conversation, ConversationKind, Message, Original, Participant
from orders.models import Order


def require_may_write(*, conversation: Conversation) -> None:
    """Whoever has a funded order to finish writes in spite of a block: work, keys and disputes need words.

    :raises BlockedBetween: one of those who take part has blocked another, and no such order runs.
    """
    people = Participant.objects.filter(conversation=conversation).values("user_id")
    if conversation.kind == ConversationKind.SUPPORT or not is_blocked_among(people):
        return
    if not Order.objects.live().filter(conversation_id=conversation.pk, funded_at__isnull=False).exists():
        raise BlockedBetween


def mask_before_funding(conversation: Conversation, text: str, names: Iterable[str] = ()) -> Masked:
    """The text as the other side may see it: contact details are masked until the order's money is there.

    The kinds are also of what the names of its files hold; `shown_files` masks those.
    """
    as_written = Masked(text, ())
    if conversation.kind == ConversationKind.SUPPORT:
        return as_written
    masked = mask_contacts(text)
    kinds = {*masked.kinds, *(kind for name in names for kind in mask_name(name).kinds)}
    if not kinds:
        return as_written
    is_funded = Order.objects.filter(conversation_id=conversation.pk, funded_at__isnull=False).exists()
    return as_written if is_funded else Masked(masked.text, tuple(sorted(kinds)))


def keep_original(*, message: Message, sender: User, text: str, kinds: Iterable[str]) -> None:
    """Keep what was written for operators, and announce that it had to be masked."""
    Original.objects.create(message=message, text=text)
    publish(
        ContactDetailsMasked(
            message_id=message.pk, conversation_id=message.conversation_id, user_id=sender.pk, kinds=list(kinds)
        )
    )
