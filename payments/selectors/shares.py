"""How a payee's gross part divides between platform, tax and payee."""

from dataclasses import dataclass

from khidma.kernel.money import portion
from payments.runtime import PaymentSettings


@dataclass(frozen=True)
class Shares:
    """The parts of a gross amount, in paise; the payee's net is the rest after rounding."""

    platform_fee: int
    gst: int
    tds: int
    payee_net: int


def quote_shares(*, amount: int, commission_bp: int) -> Shares:
    """The shares of a gross amount under a frozen commission and today's taxes, each rounded half up."""
    rates = PaymentSettings.load()
    fee = portion(amount, commission_bp)
    gst = portion(fee, rates.gst_bp)
    tds = portion(amount, rates.tds_bp)
    return Shares(platform_fee=fee, gst=gst, tds=tds, payee_net=amount - fee - gst - tds)
