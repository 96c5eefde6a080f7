"""The proof of idempotency knows how to ask for every unsafe operation of the document, and for no other."""

from typing import Any

from verify.idempotency import WITHOUT_KEYS
from verify.idempotency.checks import unsafe_operations
from verify.idempotency.requests import MAKERS


def test_every_unsafe_operation_has_a_request(db: None, client: Any) -> None:
    listed = unsafe_operations(client.get("/api/schema").json())
    assert {one for one in listed if not one.split()[1].startswith(WITHOUT_KEYS)} == MAKERS.keys()
