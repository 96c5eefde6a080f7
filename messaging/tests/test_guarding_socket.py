"""Masking and blocks over the socket: the warning is the sender's alone, and a blocked user's frames are refused."""

import pytest

from accounts.services import block_user
from khidma.realtime.database import in_database
from messaging.masking import MASK
from messaging.models import Message
from messaging.tests.phone import phone
from messaging.tests.test_socket import two_parties

pytestmark = pytest.mark.usefixtures("committed_db")


async def test_contact_details_arrive_masked_and_the_sender_alone_is_warned() -> None:
    conversation, client, doer = await two_parties()
    async with phone(client) as hers, phone(doer) as his:
        for ref in ("first", "again"):
            await his.send(
                "CHAT_MESSAGE", ref=ref, conversationId=conversation.pk, text="Call 9876543210", clientMessageId="m1"
            )
            mine = await his.hear("CHAT_MESSAGE")
            assert mine["ref"] == ref
            assert (mine["data"]["text"], mine["data"]["flagged"]) == (f"Call {MASK}", True)
            assert mine["data"]["warning"]
        heard = await hers.hear("CHAT_MESSAGE")
        assert (heard["data"]["text"], heard["data"]["flagged"]) == (f"Call {MASK}", True)
        assert "warning" not in heard["data"]
        assert await hers.hears_nothing()


async def test_a_blocked_user_neither_writes_nor_is_seen_typing() -> None:
    conversation, client, doer = await two_parties()
    await in_database(block_user, blocker=client, blocked=doer)
    async with phone(client) as hers, phone(doer) as his:
        await hers.ask("SUBSCRIBE_CHAT", "SUBSCRIBED", conversationId=conversation.pk)
        for event, data in (("CHAT_MESSAGE", {"text": "Hello"}), ("TYPING_START", {})):
            await his.send(event, ref="x", conversationId=conversation.pk, **data)
            error = await his.hear("ERROR")
            assert (error["data"]["code"], error["ref"]) == ("permission_denied", "x")
        assert await hers.hears_nothing()
    assert await in_database(Message.objects.count) == 0
