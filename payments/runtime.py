"""What operators may set about money while the system runs: the category `payments`."""

from typing import Any

from django.conf import settings

from khidma.kernel.runtime import RuntimeSettings, setting
from payments.gst import STATES, is_gstin, is_sac

CHARGEBACK_REASONS = frozenset({"not_delivered", "quality", "other"})


def are_chargeback_reasons(value: Any) -> bool:
    """Whether it is a list of reasons that a bank may give."""
    return isinstance(value, list) and all(isinstance(one, str) and one in CHARGEBACK_REASONS for one in value)


class PaymentSettings(RuntimeSettings, category="payments"):
    """Rates are in basis points (1/100 of a percent), money in paise."""

    commission_bp: int = setting(
        1000, minimum=0, maximum=5000, help="Commission on the doer's gross, basis points; frozen with each order."
    )
    unknown_pan_status: str = setting(
        "none" if settings.PRODUCTION else "individual",
        choices=("individual", "other", "none"),
        help="How a doer is taxed who has said nothing about tax: `none` is neither PAN nor Aadhaar.",
    )
    auto_approve_days: int = setting(
        3, minimum=1, maximum=30, help="Days after which submitted work is approved by the clock."
    )
    unpaid_hours: int = setting(24, minimum=1, maximum=168, help="Hours that an order waits for its payment.")
    minimum_withdrawal: int = setting(
        10_000, minimum=100, maximum=10_000_000, help="Smallest withdrawal, paise, unless it is all there is."
    )
    minimum_order: int = setting(1_000, minimum=100, maximum=100_000, help="Smallest order, paise.")
    capture_expiry_minutes: int = setting(
        12, minimum=12, maximum=7200, help="Minutes after which the gateway gives up an uncaptured payment."
    )
    cooling_off_hours: int = setting(
        24 if settings.KHIDMA_WAITS else 0,
        minimum=0,
        maximum=168,
        help="Hours a newly verified account waits for its first withdrawal.",
    )
    first_payout_hours: int = setting(
        72 if settings.KHIDMA_WAITS else 0,
        minimum=0,
        maximum=720,
        help="Hours from a user's first earning to the first withdrawal.",
    )
    hold_unsettled: bool = setting(
        settings.KHIDMA_WAITS, help="Whether earnings wait until the gateway has paid them into our bank."
    )
    daily_payout_amount: int = setting(
        100_000_000, minimum=10_000, maximum=1_000_000_000, help="Most that a user withdraws in one day, paise."
    )
    daily_payout_count: int = setting(10, minimum=1, maximum=1000, help="Withdrawals of one user in one day.")
    payout_hold_above: int = setting(
        5_000_000,
        minimum=0,
        maximum=1_000_000_000,
        help="Withdrawals above it, paise, wait until two operators have approved.",
    )
    name_match_minimum: int = setting(
        50, minimum=0, maximum=100, help="How well the bank's name must match the holder's, 0 to 100."
    )
    chargebacks_borne_by_payee: list[str] = setting(
        ["not_delivered", "quality"],
        check=are_chargeback_reasons,
        help="Reasons for which the payee bears a chargeback that was lost with evidence; else the platform does.",
    )
    look_after_seconds: int = setting(
        30, minimum=1, maximum=3600, help="Age in seconds at which something in flight is looked at again."
    )
    second_person_above: int = setting(
        1_000_000,
        minimum=0,
        maximum=1_000_000_000,
        help="Paise that one operator may decide alone; above it another must confirm.",
    )
    second_person_days: int = setting(
        7, minimum=1, maximum=90, help="Days after which an act that nobody confirmed lapses."
    )
    settlement_due_days: int = setting(
        4, minimum=1, maximum=30, help="Working days after which what the gateway has not settled is missing."
    )
    reconcile_hour: int = setting(2, minimum=0, maximum=23, help="Hour of the night in India to reconcile at.")


class InvoiceSettings(RuntimeSettings, category="invoices"):
    """Who issues invoices. What was issued keeps what it was issued with."""

    legal_name: str = setting("Khidma", check=lambda text: 0 < len(text) <= 120, help="The platform's legal name.")
    address: str = setting("", check=lambda text: len(text) <= 300, help="The platform's registered address.")
    gstin: str = setting(
        "", check=lambda text: not text or is_gstin(text), help="The platform's GSTIN; empty is not registered."
    )
    state: str = setting("29", choices=tuple(sorted(STATES)), help="GST code of the platform's state.")
    commission_sac: str = setting("998599", check=is_sac, help="Service accounting code of the commission.")
    work_sac: str = setting("999799", check=is_sac, help="The same of the work, where section 9(5) makes it ours.")
