"""Questions, answers and the clock at the same moment: nobody is told twice, and the desk's counts stay true."""

from datetime import timedelta
from functools import partial

import pytest

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.clock import now
from khidma.kernel.models import OutboxEvent
from khidma.tests.races import at_once
from messaging import services
from messaging.models import Message, MessageKind, SupportChat, SupportWait
from messaging.tests.factories import say

pytestmark = pytest.mark.usefixtures("committed_db")


def test_the_clock_running_ten_times_at_once_tells_once() -> None:
    user = make_client()
    say(services.open_support(user=user), user, "Hello?")
    wait = SupportWait.objects.get()
    SupportWait.objects.filter(pk=wait.pk).update(since=now() - timedelta(hours=1))
    told = at_once(*[partial(services.notice_unanswered, wait_id=wait.pk)] * 10)
    assert sorted(told) == [False] * 9 + [True]
    assert Message.objects.filter(kind=MessageKind.SYSTEM).count() == 1
    assert OutboxEvent.objects.filter(name="messaging.SupportUnanswered").count() == 1


def test_questions_and_answers_at_once_leave_a_true_desk() -> None:
    user, operator = make_client(), make_operator("support")
    conversation = services.open_support(user=user)
    asks = [partial(say, conversation, user, f"question {number}") for number in range(8)]
    answers = [
        partial(services.answer_as_support, conversation=conversation, operator=operator, text=f"answer {number}")
        for number in range(8)
    ]
    outcomes = at_once(*[call for pair in zip(asks, answers, strict=True) for call in pair])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    said = Message.objects.order_by("sequence")
    assert [message.sequence for message in said] == list(range(1, 17))
    chat = SupportChat.objects.get()
    unanswered = said.filter(desk="asked", sequence__gt=said.filter(desk="answered").latest("sequence").sequence)
    assert chat.unread_count == unanswered.count()
    assert SupportWait.objects.filter(ended_at=None).count() == int(unanswered.exists())
