"""Making the rows of conversations: when application or order are announced, or when somebody first asks for them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from gigs.models import Application
from khidma.kernel.errors import NotFound
from messaging.models import Conversation, ConversationKind, Participant, SupportChat
from orders.models import Order

_REACH = """
SELECT talk.*, placed.id AS placed_order_id
  FROM messaging_conversation AS talk
  JOIN messaging_participant AS party ON party.conversation_id = talk.id AND party.user_id = %(actor)s
  LEFT JOIN orders_order AS placed ON talk.kind = %(kind)s AND placed.conversation_id = talk.id
 WHERE (%(id)s::uuid IS NULL OR talk.id = %(id)s)
   AND (%(order_id)s::uuid IS NULL OR talk.order_id = %(order_id)s)
   AND (%(application_id)s::uuid IS NULL OR talk.application_id = %(application_id)s)
"""
"""The conversation asked for, and the order that was placed a moment ago and whose news is still on its way to it.

Plain SQL, as every message asks this: the ORM would take longer to write two statements than the database to run them.
"""


@transaction.atomic
def open_for_application(*, application: Application) -> Conversation:
    """The talk between a gig's owner and an applicant; the one that is there, if there is one."""
    Conversation.objects.bulk_create(
        [
            Conversation(
                id=application.conversation_id, kind=ConversationKind.APPLICATION, application_id=application.pk
            )
        ],
        ignore_conflicts=True,
    )
    _seat(application.conversation_id, (application.gig.client_id, application.doer_id))
    return Conversation.objects.get(pk=application.conversation_id)


@transaction.atomic
def open_for_order(*, order: Order) -> Conversation:
    """The talk between the parties of an order; their negotiation goes on in it, under the same id."""
    Conversation.objects.bulk_create(
        [
            Conversation(
                id=order.conversation_id,
                kind=ConversationKind.ORDER,
                application_id=order.application_id,
                order_id=order.pk,
            )
        ],
        ignore_conflicts=True,
    )
    Conversation.objects.filter(pk=order.conversation_id, kind=ConversationKind.APPLICATION).update(
        kind=ConversationKind.ORDER, order_id=order.pk
    )
    _seat(order.conversation_id, (order.client_id, order.doer_id))
    return Conversation.objects.get(pk=order.conversation_id)


@transaction.atomic
def open_support(*, user: User, language: str = "") -> Conversation:
    """The user's own talk with support; its id is the user's, so that there is one.

    `language` (en or hi) is remembered for what is written there without a person, if the caller knows it.
    """
    Conversation.objects.bulk_create([Conversation(id=user.pk, kind=ConversationKind.SUPPORT)], ignore_conflicts=True)
    _seat(user.pk, (user.pk,))
    SupportChat.objects.bulk_create([SupportChat(conversation_id=user.pk, user=user)], ignore_conflicts=True)
    if language:
        SupportChat.objects.filter(conversation=user.pk).exclude(language=language).update(language=language)
    return Conversation.objects.get(pk=user.pk)


def reach_conversation(
    *,
    actor: User,
    conversation_id: UUID | None = None,
    order_id: UUID | None = None,
    application_id: UUID | None = None,
) -> Conversation:
    """The conversation with this id, or of this order or application, made now if nobody asked for it before.

    :raises NotFound: there is none, or the actor does not take part in it.
    """
    names = {"id": conversation_id, "order_id": order_id, "application_id": application_id}
    wanted = {"actor": actor.pk, "kind": ConversationKind.APPLICATION, **names}
    found: Any = next(iter(Conversation.objects.raw(_REACH, wanted)), None)
    if found is not None:
        is_late = found.placed_order_id is not None
        return open_for_order(order=Order.objects.get(pk=found.placed_order_id)) if is_late else found
    return _first_touch(actor, conversation_id, order_id, application_id)


def _first_touch(
    actor: User, conversation_id: UUID | None, order_id: UUID | None, application_id: UUID | None
) -> Conversation:
    if conversation_id is not None and Conversation.objects.filter(pk=conversation_id).exists():
        raise NotFound
    by_order = Q(conversation_id=conversation_id) if conversation_id else Q(pk=order_id)
    order = Order.objects.of(actor).filter(by_order).first()
    if order is not None:
        return open_for_order(order=order)
    by_application = Q(conversation_id=conversation_id) if conversation_id else Q(pk=application_id)
    application = Application.objects.of_party(actor).select_related("gig").filter(by_application).first()
    if application is None:
        raise NotFound
    return open_for_application(application=application)


def _seat(conversation_id: UUID, user_ids: Iterable[UUID]) -> None:
    Participant.objects.bulk_create(
        [Participant(conversation_id=conversation_id, user_id=user_id) for user_id in user_ids], ignore_conflicts=True
    )
