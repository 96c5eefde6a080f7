"""Questions to support that nobody answered in time."""

from accounts.models import User
from khidma.kernel.events import handles
from messaging.events import SupportUnanswered
from notifications.handlers.telling import tell
from notifications.sentences import sentence as _


@handles(SupportUnanswered)
def tell_operators_of_unanswered_question(event: SupportUnanswered) -> None:
    title, body = _("A user waits for an answer"), _("Nobody has answered a question in the chat with support in time.")
    address = f"/admin/messaging/conversation/{event.conversation_id}/talk/"
    support = User.objects.filter(is_staff=True, is_active=True, groups__permissions__codename="support")
    for user_id in support.order_by("pk").values_list("pk", flat=True).distinct():
        tell(
            user_id, "support_unanswered", title, body, address, ("email", "push"), conversationId=event.conversation_id
        )
