"""Tests of the taxes on what a payee earns: rates by day, thresholds, profiles, and what nobody may change."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.models import User
from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.errors import Invalid
from khidma.kernel.models import AuditRecord
from khidma.kernel.runtime import change
from payments import services
from payments.errors import TaxRateExists, TaxRateStarted
from payments.gst import check_character, is_gstin
from payments.models import Escrow, TaxProfile, TaxRate, TaxYear
from payments.runtime import PaymentSettings
from payments.selectors import escrow_of, quote_shares, rates_on
from payments.selectors.taxes import Rates, TaxPayer, day_of, financial_year, today
from payments.tests.factories import balance, make_funded_escrow

pytestmark = pytest.mark.django_db

LAKH = 10_000_000
GSTIN = "29AAGCB7383J1Z4"


def decide(payee: User, gross: int, *, supply_class: str = "") -> Escrow:
    """Work of this gross, paid for and approved."""
    escrow = make_funded_escrow(gross, payee=payee)
    services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="approved")
    return escrow_of(escrow.reference)


def declare(user: User, pan_status: str = "individual", gstin: str | None = None, state: str = "29") -> TaxProfile:
    return services.set_tax_profile(user=user, pan_status=pan_status, gstin=gstin, state=state)


def propose(**over: Any) -> TaxRate:
    """A rate from tomorrow, confirmed by a second operator."""
    terms = {"kind": "gst", "basis_points": 1_200, "starts_on": today() + timedelta(days=1), "law": "A notification"}
    rate = services.propose_tax_rate(**{**terms, "operator": make_operator("finance"), **over})
    return services.confirm_tax_rate(rate=rate, operator=make_operator("finance"))


def test_the_law_of_the_day_came_with_the_house() -> None:
    assert rates_on(date(2026, 11, 21)) == Rates(gst=1_800, tds=10, threshold=5 * LAKH, tds_without_pan=500, tcs=50)
    assert rates_on(date(2024, 9, 30)).tds == 100
    assert rates_on(date(2024, 7, 9)).tcs == 100
    assert rates_on(date(2016, 1, 1)) == Rates()
    assert not TaxRate.objects.filter(confirmed_by__isnull=False).exists()


def test_a_small_individual_pays_gst_on_the_commission_only() -> None:
    doer = make_doer()
    declare(doer)
    escrow = decide(doer, 99_999)
    assert (escrow.platform_fee, escrow.gst, escrow.tds, escrow.supply_gst, escrow.tcs) == (10_000, 1_800, 0, 0, 0)
    assert escrow.payee_net == 99_999 - 11_800 == balance("wallet", doer.pk)


@pytest.mark.parametrize(("earlier", "now", "tds"), [(0, 5 * LAKH, 0), (5 * LAKH - 100_000, 100_000, 0)])
def test_up_to_five_lakh_a_year_nothing_is_deducted(earlier: int, now: int, tds: int) -> None:
    doer = make_doer()
    if earlier:
        decide(doer, earlier)
    assert decide(doer, now).tds == tds == balance("tds_payable")


def test_the_paisa_above_five_lakh_is_deducted_from_all_of_that_decision() -> None:
    doer = make_doer()
    decide(doer, 5 * LAKH - 100_000)
    assert quote_shares(amount=100_001, commission_bp=1_000, payee_id=doer.pk).tds == 100
    assert decide(doer, 100_001).tds == 100 == balance("tds_payable")
    assert TaxYear.objects.get(user=doer).gross == 5 * LAKH + 1


def test_a_new_financial_year_begins_on_the_first_of_april() -> None:
    assert financial_year(date(2027, 3, 31)) == date(2026, 4, 1)
    assert financial_year(date(2027, 4, 1)) == date(2027, 4, 1)
    assert [str(day_of(datetime(2027, 3, 31, 18, minute, tzinfo=UTC))) for minute in (29, 30)] == [
        "2027-03-31",
        "2027-04-01",
    ]
    doer = make_doer()
    decide(doer, 5 * LAKH)
    TaxYear.objects.filter(user=doer).update(starts_on=financial_year(today()).replace(year=today().year - 3))
    assert decide(doer, 100_000).tds == 0


@pytest.mark.parametrize(
    ("pan_status", "gstin", "tds", "tcs"),
    [("none", None, 5_000, 0), ("other", None, 100, 0), ("other", GSTIN, 100, 500), ("individual", GSTIN, 0, 500)],
)
def test_the_profile_says_what_is_deducted_and_collected(
    pan_status: str, gstin: str | None, tds: int, tcs: int
) -> None:
    doer = make_doer()
    declare(doer, pan_status, gstin)
    quoted = quote_shares(amount=100_000, commission_bp=1_000, payee_id=doer.pk)
    escrow = decide(doer, 100_000)
    assert (escrow.tds, escrow.tcs, escrow.supply_gst) == (tds, tcs, 0) == (quoted.tds, quoted.tcs, quoted.supply_gst)
    assert (balance("tds_payable"), balance("tcs_payable")) == (tds, tcs)
    assert escrow.payee_net == 100_000 - 11_800 - tds - tcs == quoted.payee_net


def test_who_said_nothing_is_taxed_as_the_setting_says() -> None:
    doer = make_doer()
    assert quote_shares(amount=100_000, commission_bp=0, payee_id=doer.pk).tds == 0
    change(PaymentSettings, {"unknown_pan_status": "none"})
    assert quote_shares(amount=100_000, commission_bp=0, payee_id=doer.pk).tds == 5_000


def test_section_nine_five_takes_the_tax_that_is_inside_the_price() -> None:
    rates = Rates(gst=1_800, tcs=50, supplies={"repairs": 1_800, "repairs/painting": 500})
    individual = TaxPayer(pan_status="individual")

    def supply(supply_class: str, payer: TaxPayer = individual) -> int:
        return rates.taxes(gross=118_000, commission=0, payer=payer, supply_class=supply_class).supply_gst

    assert [supply(name) for name in ("repairs", "repairs/plumbing", "repairs/painting", "design", "")] == [
        18_000,
        18_000,
        5_619,  # 118 000 × 5 / 105
        0,
        0,
    ]
    registered = TaxPayer(pan_status="other", has_gstin=True)
    assert rates.taxes(gross=118_000, commission=0, payer=registered, supply_class="repairs").tcs == 590
    assert supply("repairs", registered) == 0


def test_no_rate_begins_today_and_none_twice_on_a_day() -> None:
    with pytest.raises(TaxRateStarted):
        propose(starts_on=today())
    propose()
    with pytest.raises(TaxRateExists):
        propose()
    assert TaxRate.objects.count() == 7


def test_a_rate_to_come_can_be_withdrawn() -> None:
    rate = propose()
    services.withdraw_tax_rate(rate=rate, operator=make_operator("finance"))
    assert not TaxRate.objects.filter(pk=rate.pk).exists()
    assert AuditRecord.objects.filter(action="tax_rate.withdraw").count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_taxrate SET basis_points = 0 WHERE kind = 'gst'",
        "UPDATE payments_taxrate SET starts_on = '2030-01-01' WHERE kind = 'gst'",
        "DELETE FROM payments_taxrate",
        "INSERT INTO payments_taxrate (id, kind, supply_class, basis_points, starts_on, law) "
        "VALUES (uuidv7(), 'gst', '', 0, '2026-01-01', '')",
    ],
)
def test_the_database_keeps_what_postings_may_have_used(statement: str) -> None:
    before = list(TaxRate.objects.order_by("pk").values())
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(TaxRate.objects.order_by("pk").values()) == before


def test_what_came_with_the_house_is_confirmed_once() -> None:
    rate = TaxRate.objects.get(kind="gst")
    first, second = make_operator("finance"), make_operator("finance")
    services.confirm_tax_rate(rate=rate, operator=first)
    assert services.confirm_tax_rate(rate=rate, operator=second).confirmed_by_id == first.pk


def test_a_gstin_has_a_state_a_pan_and_a_check_character() -> None:
    assert is_gstin(GSTIN)
    assert is_gstin("27AAPFU0939F1ZV")
    assert check_character(GSTIN[:14]) == "4"
    wrong = [GSTIN[:14] + "5", "28" + GSTIN[2:], "00AAPFU0939F1ZV", GSTIN.lower(), GSTIN + "1", "", "29AAGCB7383J1Z٤"]
    assert not any(is_gstin(text) for text in wrong)


def test_the_gstin_is_sealed_for_its_row() -> None:
    doer = make_doer()
    profile = declare(doer, "other", " " + GSTIN.lower())
    assert profile.gstin == GSTIN
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM payments_taxprofile t")
        assert GSTIN not in cursor.fetchone()[0]
    assert declare(doer).gstin is None


@pytest.mark.parametrize(
    ("pan_status", "gstin", "state", "field"),
    [
        ("individual", "29AAGCB7383J1Z5", "29", "gstin"),
        ("individual", GSTIN, "27", "gstin"),
        ("none", GSTIN, "29", "panStatus"),
        ("rich", None, "29", "panStatus"),
        ("individual", None, "25", "state"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(pan_status: str, gstin: str | None, state: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        declare(make_doer(), pan_status, gstin, state)
    assert list(refusal.value.details) == [field]
    assert not TaxProfile.objects.exists()
