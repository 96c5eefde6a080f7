"""Tests of taxes where days pass and where decisions come at once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.db import connections

from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel import clock
from khidma.kernel.ids import new_id
from khidma.kernel.models import AuditRecord
from khidma.tests.races import at_once
from payments import services
from payments.errors import TaxRateNeedsAnother, TaxRateStarted
from payments.models import Escrow, TaxYear
from payments.selectors import quote_shares, rates_on, shares_of
from payments.selectors.taxes import today
from payments.tests.factories import balance, fund, make_funded_escrow
from payments.tests.test_taxes import LAKH, propose

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def shift_clock(committed_db: None) -> Iterator[Callable[[timedelta], None]]:
    """Moves the clock of this test's own database."""
    yield clock.shift
    connections["owner"].close()


def test_a_supply_that_we_owe_the_tax_of_is_booked(shift_clock: Callable[[timedelta], None]) -> None:
    propose(kind="supply_gst", supply_class="cleaning", basis_points=1_800)
    doer = make_doer()
    escrow = services.open_escrow(
        reference=new_id(),
        payer=make_client(),
        payee=doer,
        amount=118_000,
        commission_bp=1_000,
        supply_class="cleaning/deep-cleaning",
    )
    fund(escrow.reference)
    assert shares_of(escrow).supply_gst == 0
    shift_clock(timedelta(days=2))
    assert shares_of(escrow).supply_gst == 18_000
    settled = services.settle_escrow(reference=escrow.reference, payee_gross=118_000, reason="approved")
    assert (settled.supply_gst, balance("supply_gst_payable")) == (18_000, 18_000)
    assert settled.payee_net == 118_000 - 11_800 - 2_124 - 18_000 == balance("wallet", doer.pk)


def test_a_rate_counts_from_its_first_day_and_only_when_two_stand_behind_it(
    shift_clock: Callable[[timedelta], None],
) -> None:
    operator = make_operator("finance")
    tomorrow = today() + timedelta(days=1)
    rate = services.propose_tax_rate(
        kind="gst", basis_points=1_200, starts_on=tomorrow, law="Notification", operator=operator
    )
    with pytest.raises(TaxRateNeedsAnother):
        services.confirm_tax_rate(rate=rate, operator=operator)
    assert rates_on(tomorrow).gst == 1_800
    services.confirm_tax_rate(rate=rate, operator=make_operator("finance"))
    assert (rates_on(today()).gst, rates_on(tomorrow).gst) == (1_800, 1_200)
    assert quote_shares(amount=100_000, commission_bp=1_000, payee_id=operator.pk).gst == 1_800
    shift_clock(timedelta(days=1))
    assert quote_shares(amount=100_000, commission_bp=1_000, payee_id=operator.pk).gst == 1_200
    assert list(AuditRecord.objects.order_by("id").values_list("action", flat=True)) == [
        "tax_rate.propose",
        "tax_rate.confirm",
    ]


def test_a_rate_that_was_not_confirmed_in_time_never_counts(shift_clock: Callable[[timedelta], None]) -> None:
    tomorrow = today() + timedelta(days=1)
    rate = services.propose_tax_rate(
        kind="gst", basis_points=1_200, starts_on=tomorrow, law="x", operator=make_operator("finance")
    )
    shift_clock(timedelta(days=1))
    with pytest.raises(TaxRateStarted):
        services.confirm_tax_rate(rate=rate, operator=make_operator("finance"))
    with pytest.raises(TaxRateStarted):
        services.withdraw_tax_rate(rate=rate, operator=make_operator("finance"))
    assert rates_on(today()).gst == 1_800


def test_decisions_at_once_count_each_other() -> None:
    doer = make_doer()
    escrows = [make_funded_escrow(LAKH, payee=doer) for _ in range(10)]
    settle = [partial(services.settle_escrow, reference=row.reference, payee_gross=LAKH, reason="x") for row in escrows]
    assert [type(result) for result in at_once(*settle)] == [services.Settlement] * 10
    deducted = list(Escrow.objects.filter(payee=doer).order_by("tds").values_list("tds", flat=True))
    assert deducted == [0] * 5 + [10_000] * 5
    assert TaxYear.objects.get(user=doer).gross == 10 * LAKH
