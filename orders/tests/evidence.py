"""What a refusal must leave alone: every row, every announcement, every paisa."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gigs.models import Application, Gig
from khidma.kernel.models import AuditRecord, OutboxEvent, StateChange
from orders.models import (
    Boost,
    Cancellation,
    CancellationPart,
    CancellationQuote,
    Deliverable,
    Milestone,
    Order,
    Review,
    RevisionRequest,
    SilenceQuestion,
)
from payments.models import (
    Account,
    AutoPayout,
    BankAccount,
    Entry,
    Escrow,
    Payment,
    Payout,
    PayoutHold,
    Refund,
    Sale,
    Transfer,
    WalletHold,
)

COUNTED = (
    StateChange,
    OutboxEvent,
    AuditRecord,
    Deliverable,
    RevisionRequest,
    CancellationQuote,
    SilenceQuestion,
    Payment,
    Refund,
    Transfer,
    Entry,
)
COMPARED = (
    Review,
    Order,
    Milestone,
    Cancellation,
    CancellationPart,
    Boost,
    Gig,
    Application,
    Escrow,
    Sale,
    Account,
    Payout,
    PayoutHold,
    WalletHold,
    AutoPayout,
    BankAccount,
)


def picture() -> dict[str, Any]:
    """Everything that an operation on orders or money could change."""
    counts = {model.__name__: model._default_manager.count() for model in COUNTED}
    rows = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in COMPARED}
    return {**counts, **rows}


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fails the test if anything was written meanwhile."""
    before = picture()
    yield
    assert picture() == before


def announced(name: str) -> list[dict[str, Any]]:
    """The payloads of every announcement of this name, oldest first."""
    return [event.payload for event in OutboxEvent.objects.filter(name=f"orders.{name}").order_by("id")]
