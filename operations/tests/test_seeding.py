"""The demo data of a local run: made once, through the services, and paid for where the stand-in is up."""

from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Category, Skill, User, Zone
from gigs.models import Application, Gig
from khidma.kernel.models import DeliveryStatus, OutboxDelivery
from khidma.kernel.outbox import deliver_due
from operations.seeding import catalogue, people, work
from orders.models import Order
from orders.selectors import money_of
from payments.models import Payment

NOBODY_LISTENS = "http://127.0.0.1:9"


def seed() -> str:
    """Run the command; what it said."""
    said = StringIO()
    call_command("seed_demo", stdout=said)
    return said.getvalue()


def counts() -> dict[str, int]:
    """How many rows each table of the apps has."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models() if model._meta.managed}


@pytest.mark.usefixtures("committed_db")
def test_without_the_stand_in_everything_is_there_and_unpaid_and_a_second_time_adds_nothing(
    settings: LazySettings,
) -> None:
    settings.RAZORPAY_BASE_URL = NOBODY_LISTENS
    assert "orders, unpaid: the stand-in is not up" in seed()

    assert Category.objects.exists()
    assert sorted(Zone.objects.values_list("city", flat=True)) == sorted(city for city, *_ in catalogue.CITIES)
    assert User.objects.filter(is_staff=True).count() == len(people.OPERATORS)
    assert User.objects.filter(is_doer=True, profile_completed_at__isnull=False).count() == len(people.DOERS)
    assert User.objects.filter(is_client=True, profile_completed_at__isnull=False).count() == len(people.CLIENTS)
    assert Gig.objects.count() == len(catalogue.GIGS)
    assert {name for gig in Gig.objects.all() for name in gig.skills} == set(
        Skill.objects.values_list("name", flat=True)
    )
    assert Application.objects.count() == 2 * len(catalogue.GIGS)
    assert Counter(Order.objects.values_list("status", flat=True)) == {"pending_payment": len(work.STAGES)}
    assert not Payment.objects.filter(status="captured").exists()

    before = counts()
    seed()
    assert counts() == before


@pytest.mark.usefixtures("committed_db")
def test_with_the_stand_in_orders_are_in_every_state_and_the_books_agree(gateway: Any) -> None:
    assert "orders, paid at the stand-in" in seed()
    assert Counter(Order.objects.values_list("status", flat=True)) == {
        "pending_payment": 1,
        "in_progress": 2,
        "submitted": 1,
        "completed": 2,
    }
    listed = list(Order.objects.all())
    money = money_of(listed)
    assert Counter((order.status, money[order.pk].escrow_state) for order in listed) == {
        ("pending_payment", "awaiting_payment"): 1,
        ("in_progress", "funded"): 2,
        ("submitted", "funded"): 1,
        ("completed", "released"): 2,
    }
    call_command("ledger_check", gateway=True)

    deliver_due()
    assert not OutboxDelivery.objects.exclude(last_error="").exists()
    assert not OutboxDelivery.objects.exclude(status=DeliveryStatus.DONE).exists()

    before = counts()
    seed()
    assert counts() == before


@pytest.mark.django_db
def test_each_operator_signs_in_with_the_published_password() -> None:
    people.seed_operators()
    people.seed_operators()
    for email, _name, group in people.OPERATORS:
        operator = authenticate(username=email, password=people.PASSWORD)
        assert isinstance(operator, User)
        assert list(operator.groups.values_list("name", flat=True)) == [group]


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["seed_demo", "demo"])
def test_production_takes_no_demo(command: str, settings: LazySettings) -> None:
    settings.PRODUCTION = True
    before = counts()
    with pytest.raises(CommandError):
        call_command(command)
    assert counts() == before


@pytest.mark.django_db
def test_every_category_has_two_gigs_to_show() -> None:
    per_category = Counter(category for category, *_ in catalogue.GIGS)
    assert set(per_category.values()) == {2}
    assert all(low <= high for _, _, _, low, high, _ in catalogue.GIGS)
