"""Weekly withdrawals: once a week and user, whatever dies, repeats, or refuses."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.kernel import clock
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.tests.client import JsonClient
from khidma.tests.races import at_once
from orders.tests.evidence import nothing_changes
from payments import services
from payments.errors import PayoutTooSmall
from payments.models import AutoPayout, AutoPayoutRun, Payout
from payments.runtime import PaymentSettings
from payments.services import auto_payouts
from payments.tasks import pay_out_weekly
from payments.tests.factories import balance, earn, make_bank_account

Api = Callable[..., JsonClient]
WEEK = timedelta(days=7)


@pytest.fixture
def week(committed_db: None) -> Iterator[None]:
    """A committed database whose clock stands at noon (India) of a Monday."""
    local = timezone.localtime(clock.now(), timezone.get_default_timezone())
    monday = local + timedelta(days=8 - local.isoweekday())
    clock.shift(monday.replace(hour=12, minute=0, second=0, microsecond=0) - clock.now())
    yield
    connections["owner"].close()


def rule(**values: Any) -> None:
    with transaction.atomic():
        change(PaymentSettings, values)


def chooses(amount: int = 50_000, *, weekday: int = 3, minimum: int = 10_000) -> User:
    """A doer with this much money who wants it every week."""
    user = make_doer()
    make_bank_account(user)
    if amount:
        earn(user, amount)
    services.set_auto_payout(user=user, enabled=True, weekday=weekday, minimum=minimum)
    return user


def amounts(user: User) -> list[int]:
    return list(Payout.objects.filter(user=user).order_by("id").values_list("amount", flat=True))


def next_day(user: User) -> datetime:
    next_at = AutoPayout.objects.get(user=user).next_at
    assert next_at is not None
    return timezone.localtime(next_at, timezone.get_default_timezone())


def told(user: User) -> list[str]:
    deliver_due()
    return list(user.notifications.filter(kind="auto_payout_put_off").values_list("body", flat=True))


def test_everything_available_goes_on_the_chosen_day_of_each_week(week: None) -> None:
    user = chooses(50_000)
    assert (next_day(user).isoweekday(), next_day(user).hour) == (3, 9)
    pay_out_weekly()
    assert amounts(user) == []
    clock.shift(timedelta(days=2))
    for _ in range(2):
        pay_out_weekly()
    assert (amounts(user), balance("wallet", user.pk)) == ([50_000], 0)
    earn(user, 20_000)
    clock.shift(WEEK)
    pay_out_weekly()
    assert amounts(user) == [50_000, 20_000]


def test_a_sweep_that_comes_weeks_late_pays_once_and_goes_on(week: None) -> None:
    user = chooses(50_000)
    clock.shift(timedelta(days=2) + 3 * WEEK)
    for _ in range(2):
        pay_out_weekly()
        earn(user, 10_000)
    assert amounts(user) == [50_000]
    assert timedelta(0) < next_day(user) - clock.now() <= WEEK


def test_below_the_minimum_nothing_happens_until_next_week(week: None) -> None:
    user = chooses(19_000, minimum=20_000)
    clock.shift(timedelta(days=2))
    pay_out_weekly()
    assert (amounts(user), told(user)) == ([], [])
    earn(user, 1_000)
    pay_out_weekly()
    assert amounts(user) == []
    clock.shift(WEEK)
    pay_out_weekly()
    assert amounts(user) == [20_000]


def test_a_day_changed_after_the_withdrawal_waits_for_the_next_week(week: None) -> None:
    user = chooses(50_000, weekday=2)
    clock.shift(timedelta(days=1))
    pay_out_weekly()
    earn(user, 30_000)
    services.set_auto_payout(user=user, enabled=True, weekday=5, minimum=10_000)
    clock.shift(timedelta(days=4))
    pay_out_weekly()
    assert amounts(user) == [50_000]
    clock.shift(timedelta(days=6))
    pay_out_weekly()
    assert amounts(user) == [50_000, 30_000]


def test_turned_off_it_stops(week: None) -> None:
    user = chooses()
    services.set_auto_payout(user=user, enabled=False, weekday=3, minimum=10_000)
    clock.shift(2 * WEEK)
    pay_out_weekly()
    assert amounts(user) == []


def test_what_a_limit_forbids_is_tried_when_it_ends_and_the_user_is_told(week: None) -> None:
    rule(daily_payout_amount=40_000)
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    services.request_payout(user=user, amount=20_000)
    pay_out_weekly()
    assert (amounts(user), len(told(user))) == ([20_000], 1)
    assert (next_day(user).isoweekday(), next_day(user).hour) == (4, 0)
    clock.shift(timedelta(days=1))
    pay_out_weekly()
    assert amounts(user) == [20_000, 30_000]
    assert next_day(user).isoweekday() == 3


def test_more_than_a_day_may_carry_goes_in_part(week: None) -> None:
    rule(daily_payout_amount=40_000)
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    pay_out_weekly()
    assert amounts(user) == [40_000]


def test_a_new_account_is_waited_for(week: None) -> None:
    rule(cooling_off_hours=72)
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    pay_out_weekly()
    assert (amounts(user), len(told(user))) == ([], 1)
    clock.shift(timedelta(days=1, hours=1))
    pay_out_weekly()
    assert amounts(user) == [50_000]


def test_without_an_account_the_user_is_told_and_next_week_is_another(week: None) -> None:
    user = chooses(50_000)
    services.remove_bank_account(account=user.bank_accounts.get())
    clock.shift(timedelta(days=2))
    pay_out_weekly()
    assert (amounts(user), len(told(user))) == ([], 1)
    assert timedelta(days=6) < next_day(user) - clock.now() <= WEEK


def test_many_sweeps_at_once_pay_once(week: None) -> None:
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    auto = AutoPayout.objects.get()
    at_once(*[lambda: services.pay_out_for_week(auto_payout_id=auto.pk)] * 10)
    assert amounts(user) == [50_000]


def test_a_worker_that_dies_in_between_has_done_nothing(week: None) -> None:
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    with mock.patch.object(auto_payouts, "_plan_next_week", side_effect=MemoryError), pytest.raises(MemoryError):
        services.pay_out_for_week(auto_payout_id=AutoPayout.objects.get().pk)
    assert (amounts(user), balance("wallet", user.pk)) == ([], 50_000)
    pay_out_weekly()
    assert amounts(user) == [50_000]


def test_one_that_fails_stands_in_nobodys_way(week: None) -> None:
    broken, fine = chooses(50_000, weekday=2), chooses(60_000, weekday=3)
    clock.shift(timedelta(days=2))

    def request(*, user: User, amount: int) -> Payout:
        if user == broken:
            raise RuntimeError("nobody expected this")
        return services.request_payout(user=user, amount=amount)

    with mock.patch.object(auto_payouts, "request_payout", request):
        pay_out_weekly()
    assert (amounts(broken), amounts(fine)) == ([], [60_000])
    assert timedelta(minutes=50) < next_day(broken) - clock.now() <= timedelta(hours=1)


def test_the_database_holds_one_a_week(week: None) -> None:
    user = chooses(50_000)
    clock.shift(timedelta(days=2))
    pay_out_weekly()
    run = AutoPayoutRun.objects.get()
    earn(user, 20_000)
    second = services.request_payout(user=user, amount=20_000)
    with pytest.raises(IntegrityError, match="payments_auto_payout_once_a_week"), transaction.atomic():
        AutoPayoutRun.objects.create(user=user, week=run.week, payout=second)
    assert AutoPayoutRun.objects.get() == run


# Over HTTP

GOOD = {"enabled": True, "weekday": "friday", "minimum": 50_000}


@pytest.mark.parametrize(("given", "shown"), [("friday", "friday"), (5, "friday"), (7, "sunday")])
def test_it_is_chosen_and_shown(db: None, api: Api, given: Any, shown: str) -> None:
    answer = api(make_doer()).put("/api/wallet/auto-payout", {**GOOD, "weekday": given})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["nextAt"] > clock.now().timestamp() * 1000
    assert {**data, "nextAt": 0} == {"enabled": True, "weekday": shown, "minimum": 50_000, "nextAt": 0}
    assert api().put("/api/wallet/auto-payout", GOOD).status_code == 401


def test_everybody_has_one_of_their_own(db: None, api: Api) -> None:
    first, second = make_doer(), make_client()
    for user in (first, second, first):
        api(user).put("/api/wallet/auto-payout", GOOD)
    answer = api(second).put("/api/wallet/auto-payout", {**GOOD, "enabled": False})
    assert answer.json()["data"]["nextAt"] is None
    assert sorted(AutoPayout.objects.values_list("enabled", flat=True)) == [False, True]
    assert AutoPayout.objects.get(user=first).enabled


@pytest.mark.parametrize(
    "over",
    [
        {"weekday": "Friday"},
        {"weekday": 0},
        {"weekday": 8},
        {"weekday": True},
        {"weekday": 5.0},
        {"weekday": None},
        {"enabled": 1},
        {"enabled": "true"},
        {"minimum": 0},
        {"minimum": -1},
        {"minimum": 1.5},
        {"minimum": "50000"},
        {"minimum": True},
        {"minimum": 1_000_000_001},
        {"day": "friday"},
    ],
)
def test_nonsense_chooses_nothing(db: None, api: Api, over: dict[str, Any]) -> None:
    caller = api(make_doer())
    with nothing_changes():
        answer = caller.put("/api/wallet/auto-payout", {**GOOD, **over})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert not AutoPayout.objects.exists()


def test_a_minimum_below_every_withdrawals_is_refused(db: None) -> None:
    user = make_doer()
    with nothing_changes(), pytest.raises(PayoutTooSmall):
        services.set_auto_payout(user=user, enabled=True, weekday=1, minimum=9_999)
    assert not AutoPayout.objects.exists()
