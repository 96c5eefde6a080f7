"""Pairs of users who can talk: one pair made through the services, the others as copies of its rows."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Session, User
from accounts.tokens import issue_access_token
from gigs.models import Application
from khidma.kernel.ids import new_id
from messaging.models import Conversation, ConversationKind, Participant
from messaging.tests.factories import make_conversation, parties

Pair = tuple[tuple[str, str], tuple[str, str], str]
"""The user and token of either side, and their conversation."""


@transaction.atomic
def make_pairs(count: int) -> list[Pair]:
    """So many pairs, each with a conversation of its own."""
    first = make_conversation()
    client, doer = parties(first)
    session = Session.objects.filter(user=client).latest("created_at")
    application = first.application
    assert application is not None
    clients = [_copy(client, phone=f"+9170{number:08d}", email=f"c{number}@example.in") for number in range(count)]
    doers = [_copy(doer, phone=f"+9171{number:08d}", email=f"d{number}@example.in") for number in range(count)]
    User.objects.bulk_create([*clients, *doers])
    applications = [_copy(application, doer=doer, conversation_id=new_id()) for doer in doers]
    Application.objects.bulk_create(applications)
    Conversation.objects.bulk_create(
        Conversation(id=one.conversation_id, kind=ConversationKind.APPLICATION, application=one) for one in applications
    )
    Participant.objects.bulk_create(
        Participant(conversation_id=one.conversation_id, user=user)
        for one, sides in zip(applications, zip(clients, doers, strict=True), strict=True)
        for user in sides
    )
    sessions = {user.pk: _copy(session, user=user) for user in (*clients, *doers)}
    Session.objects.bulk_create(sessions.values())
    return [
        (_with_token(one, sessions), _with_token(other, sessions), str(application.conversation_id))
        for one, other, application in zip(clients, doers, applications, strict=True)
    ]


def _copy(row: Any, **over: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    fresh = type(row)(**{**values, "id": new_id()})
    for name, value in over.items():
        setattr(fresh, name, value)
    return fresh


def _with_token(user: User, sessions: dict[UUID, Session]) -> tuple[str, str]:
    return str(user.pk), issue_access_token(
        user=user, session=sessions[user.pk], at=sessions[user.pk].last_used_at
    ).token
