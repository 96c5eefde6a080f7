"""How a payee's gross part divides between platform, tax and payee."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from khidma.kernel.money import portion
from payments.models import Escrow
from payments.selectors.taxes import Rates, TaxPayer, rates_on, taxpayers, today


@dataclass(frozen=True)
class Shares:
    """The parts of a gross amount, in paise; the payee's net is the rest after rounding."""

    platform_fee: int
    gst: int
    tds: int
    payee_net: int
    supply_gst: int = 0
    tcs: int = 0


def divide_gross(*, gross: int, commission: int, rates: Rates, payer: TaxPayer, supply_class: str) -> Shares:
    """The shares of a gross part of which the platform keeps `commission`."""
    taxes = rates.taxes(gross=gross, commission=commission, payer=payer, supply_class=supply_class)
    return Shares(
        platform_fee=commission,
        gst=taxes.gst,
        tds=taxes.tds,
        supply_gst=taxes.supply_gst,
        tcs=taxes.tcs,
        payee_net=gross - commission - taxes.total,
    )


def commission_on(escrow: Escrow, gross: int) -> int:
    """What the platform keeps of this gross part: of the whole, what was divided beforehand; else by the rate."""
    if escrow.commission is not None and gross == escrow.amount:
        return escrow.commission
    return portion(gross, escrow.commission_bp)


def quote_shares(
    *, amount: int, commission_bp: int, payee_id: UUID, commission: int | None = None, supply_class: str = ""
) -> Shares:
    """The shares of a gross amount under a frozen commission and today's taxes of this payee, each rounded half up.

    `commission` is the platform's part in paise where it was divided beforehand.
    """
    day = today()
    return divide_gross(
        gross=amount,
        commission=portion(amount, commission_bp) if commission is None else commission,
        rates=rates_on(day),
        payer=taxpayers([payee_id], day=day)[payee_id],
        supply_class=supply_class,
    )


def shares_of(escrow: Escrow, *, payee_gross: int | None = None) -> Shares:
    """The shares of the payee's gross part of an escrow, of all that it is about if none is named, at today's taxes."""
    return shares_of_each([escrow], payee_gross={} if payee_gross is None else {escrow.pk: payee_gross})[escrow.pk]


def shares_of_each(escrows: Iterable[Escrow], *, payee_gross: Mapping[UUID, int] | None = None) -> dict[UUID, Shares]:
    """The same for many escrows, by id; a fixed number of queries, none for no escrow.

    Parts of one whole are taken to be decided one after another, as the payee's year counts them.
    """
    escrows, named = list(escrows), payee_gross or {}
    if not escrows:
        return {}
    day = today()
    rates, payers = rates_on(day), taxpayers([escrow.payee_id for escrow in escrows], day=day)
    shares: dict[UUID, Shares] = {}
    counted: dict[UUID, int] = defaultdict(int)
    for escrow in escrows:
        gross = named.get(escrow.pk, escrow.amount - (escrow.refunded or 0))
        shares[escrow.pk] = divide_gross(
            gross=gross,
            commission=commission_on(escrow, gross),
            rates=rates,
            payer=payers[escrow.payee_id].after(counted[escrow.whole]),
            supply_class=escrow.supply_class,
        )
        counted[escrow.whole] += gross
    return shares
