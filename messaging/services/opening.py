"""Making the rows of conversations: when application or order are announced, or when somebody first asks for them."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from gigs.models import Application
from khidma.kernel.errors import NotFound
from messaging.models import Conversation, ConversationKind, Participant
from orders.models import Order


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
def open_support(*, user: User) -> Conversation:
    """The user's own talk with support; its id is the user's, so that there is one."""
    Conversation.objects.bulk_create([Conversation(id=user.pk, kind=ConversationKind.SUPPORT)], ignore_conflicts=True)
    _seat(user.pk, (user.pk,))
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
    names = {"pk": conversation_id, "order_id": order_id, "application_id": application_id}
    asked = {name: value for name, value in names.items() if value is not None}
    found = Conversation.objects.filter(participants__user=actor, **asked).first()
    if found is None:
        return _first_touch(actor, conversation_id, order_id, application_id)
    return _of_its_order(found)


def _of_its_order(conversation: Conversation) -> Conversation:
    """The same, turned into its order's if that was placed a moment ago and the news of it is still on its way."""
    if conversation.kind != ConversationKind.APPLICATION:
        return conversation
    order = Order.objects.filter(conversation_id=conversation.pk).first()
    return conversation if order is None else open_for_order(order=order)


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
