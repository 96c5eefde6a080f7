"""How a payee's gross part divides between platform, tax and payee."""

from dataclasses import dataclass

from khidma.kernel.money import portion
from payments.models import Escrow
from payments.runtime import PaymentSettings


@dataclass(frozen=True)
class Shares:
    """The parts of a gross amount, in paise; the payee's net is the rest after rounding."""

    platform_fee: int
    gst: int
    tds: int
    payee_net: int


def quote_shares(*, amount: int, commission_bp: int, commission: int | None = None) -> Shares:
    """The shares of a gross amount under a frozen commission and today's taxes, each rounded half up.

    `commission` is the platform's part in paise where it was divided beforehand.
    """
    rates = PaymentSettings.load()
    fee = portion(amount, commission_bp) if commission is None else commission
    gst = portion(fee, rates.gst_bp)
    tds = portion(amount, rates.tds_bp)
    return Shares(platform_fee=fee, gst=gst, tds=tds, payee_net=amount - fee - gst - tds)


def shares_of(escrow: Escrow, *, payee_gross: int | None = None) -> Shares:
    """The shares of the payee's gross part of an escrow, of all that it is about if none is named, at today's taxes."""
    gross = escrow.amount - (escrow.refunded or 0) if payee_gross is None else payee_gross
    commission = escrow.commission if gross == escrow.amount else None
    return quote_shares(amount=gross, commission_bp=escrow.commission_bp, commission=commission)
