"""The statement that all three servers store a message with, and the frame that all of them deliver."""

import json
import os
import time
from typing import Any
from uuid import UUID

import orjson

SAY = "SELECT outcome, sequence, created_at, users, numbers FROM messaging_say(%s::jsonb, %s::jsonb, '{}', true, true)"
ADDRESS = os.environ.get("BENCH_DATABASE", "")
VALKEY = os.environ.get("BENCH_VALKEY", "")


def parameters(message: dict[str, Any], sender: str) -> tuple[list[str], dict[str, Any]]:
    """What the statement takes for this message of this sender, and the data of its frame as far as known."""
    message_id = str(_id())
    row = {
        "id": message_id,
        "conversation_id": message["conversationId"],
        "sender_id": sender,
        "kind": "text",
        "text": message["text"],
        "client_message_id": message["clientMessageId"],
        "is_flagged": False,
        "desk": "",
    }
    data = {
        "messageId": message_id,
        "conversationId": message["conversationId"],
        "kind": "text",
        "senderId": sender,
        "text": message["text"],
        "attachments": [],
        "clientMessageId": message["clientMessageId"],
    }
    return [orjson.dumps(row).decode(), orjson.dumps(data).decode()], data


def frames(stored: Any, data: dict[str, Any]) -> dict[str, str]:
    """The frame of each party, by user."""
    _outcome, sequence, at, users, numbers = stored
    whole = {**data, "orderId": None, "sequence": sequence, "createdAt": int(at.timestamp() * 1000)}
    return {
        str(user): orjson.dumps({"event": "CHAT_MESSAGE", "data": whole, "seq": seq}).decode()
        for user, seq in zip(users, numbers, strict=True)
    }


def read(text: str) -> dict[str, Any]:
    """The message in a client's frame."""
    found: dict[str, Any] = json.loads(text)["data"]
    return found


def _id() -> UUID:
    """A UUIDv7 without care for two in one millisecond."""
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(int=time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | (random & 0xFFF) << 64 | 0b10 << 62 | random >> 18)
