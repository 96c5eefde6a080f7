"""The lines of a wallet's statement, as people read them."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from payments.models import Entry, Escrow
from payments.selectors.wallet import (
    ADJUSTMENT,
    CLAWBACK,
    EARNING,
    TYPE_OF,
    WITHDRAWAL,
    WITHDRAWAL_REVERSAL,
    balances_after,
    escrows_behind,
)


def statement_lines(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries of one page, each as a line; two queries for what lies behind all of them."""
    escrows, balances = escrows_behind(entries), balances_after(entries)
    return [_line(entry, escrows.get(entry.transfer.reference), balances[entry.pk]) for entry in entries]  # type: ignore[arg-type]


def _line(entry: Any, escrow: Escrow | None, balance_after: int) -> dict[str, Any]:
    kind = TYPE_OF.get(entry.transfer.kind, ADJUSTMENT)
    is_payout = kind in {WITHDRAWAL, WITHDRAWAL_REVERSAL}
    return {
        "id": entry.transfer_id,
        "type": kind,
        "amount": entry.change,
        "breakdown": _breakdown(escrow) if escrow and kind == EARNING else None,
        "balance_after": balance_after,
        "description": _description(kind, entry.transfer.note),
        "order_id": escrow.whole if escrow else None,
        "payout_id": entry.transfer.reference if is_payout else None,
        "created_at": entry.transfer.at,
    }


def _breakdown(escrow: Escrow) -> dict[str, int | None]:
    seldom = {"supply_gst": escrow.supply_gst, "tcs": escrow.tcs}
    return {
        "gross": escrow.payee_gross,
        "platform_fee": escrow.platform_fee,
        "gst": escrow.gst,
        "tds": escrow.tds,
        **{name: amount for name, amount in seldom.items() if amount},
    }


def _description(kind: str, note: str) -> str:
    sentences = {
        EARNING: _("Payment for your work"),
        WITHDRAWAL: _("Withdrawal to your bank account"),
        WITHDRAWAL_REVERSAL: _("Withdrawal that came back"),
        CLAWBACK: _("Taken back after a refund"),
        ADJUSTMENT: _("Correction by our team"),
    }
    return note or sentences[kind]
