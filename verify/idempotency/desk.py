"""Requests at the desk of support: an answer, a mark, a removal."""

from accounts.tests.factories import make_client, make_operator
from messaging import services
from messaging.models import Message
from messaging.tests.factories import say
from sandbox.testing import StandIn
from verify.idempotency.cases import Case, case

DESK = "/api/messages"


def asked() -> Message:
    """A user's question to support."""
    user = make_client()
    return say(services.open_support(user=user), user, "Where is my money?")


@case("POST /api/messages")
def answer_user(gateway: StandIn) -> Case:
    body = {"conversationId": str(asked().conversation_id), "content": "On its way.", "type": "text"}
    return Case(make_operator("support"), DESK, body, make_operator("support"))


@case("PATCH /api/messages")
def mark_message(gateway: StandIn) -> Case:
    body = {"messageId": str(asked().pk), "status": "read"}
    return Case(make_operator("support"), DESK, body, make_operator("support"))


@case("DELETE /api/messages")
def remove_message(gateway: StandIn) -> Case:
    return Case(make_operator("support"), f"{DESK}?messageId={asked().pk}", None, make_operator("support"))
