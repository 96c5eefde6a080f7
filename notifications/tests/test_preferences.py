"""What people want to hear: defaults, changes, refusals; and what follows from it."""

from collections.abc import Callable
from datetime import datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_doer
from khidma.delivery.models import Channel
from khidma.http.schema import document
from khidma.tests.client import JsonClient
from khidma.tests.races import at_once
from notifications import selectors, services
from notifications.kinds import KINDS, Group, group_of
from notifications.models import Preferences
from notifications.models.preferences import end_of_quiet
from notifications.tests.factories import make_notification, make_push_token, send_everything, sent, told_everywhere

Api = Callable[..., JsonClient]

ADDRESS = "/api/notifications/preferences"
ON = {"push": True, "sms": True, "email": True}
GROUPS = ["applications", "orderUpdates", "payments", "reviews", "messages", "security", "account"]
DEFAULTS = {"channels": ON, "kinds": dict.fromkeys(GROUPS, ON), "quietHours": None, "language": "en"}


def change(client: JsonClient, **body: Any) -> Any:
    answer = client.patch(ADDRESS, body)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


@pytest.mark.django_db
def test_who_chose_nothing_hears_everything_in_english_at_any_hour(api: Api) -> None:
    answer = api(make_doer()).get(ADDRESS)
    assert answer.json()["data"] == DEFAULTS
    assert not Preferences.objects.exists()


@pytest.mark.django_db
def test_a_change_leaves_the_rest_as_it_was(api: Api) -> None:
    client = api(make_doer())
    change(client, kinds={"orderUpdates": {"sms": False}})
    change(client, channels={"email": False}, kinds={"orderUpdates": {"push": False}, "reviews": {"push": False}})
    hours = {"start": "22:30", "end": "07:00", "timeZone": "Asia/Dubai"}
    changed = change(client, quietHours=hours, language="hi")
    assert changed == {
        "channels": {**ON, "email": False},
        "kinds": {
            **DEFAULTS["kinds"],  # type: ignore[dict-item]
            "orderUpdates": {"push": False, "sms": False, "email": True},
            "reviews": {**ON, "push": False},
        },
        "quietHours": hours,
        "language": "hi",
    }
    assert client.get(ADDRESS).json()["data"] == changed
    assert change(client, quietHours=None)["quietHours"] is None
    assert change(client) == {**changed, "quietHours": None}


@pytest.mark.django_db
def test_quiet_hours_are_indias_unless_they_name_a_time_zone(api: Api) -> None:
    changed = change(api(make_doer()), quietHours={"start": "22:00", "end": "06:00"})
    assert changed["quietHours"] == {"start": "22:00", "end": "06:00", "timeZone": "Asia/Kolkata"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "fr"}, "language"),
        ({"language": None}, "language"),
        ({"channels": {"push": "yes"}}, "channels.push"),
        ({"channels": {"fax": True}}, "channels.fax"),
        ({"channels": []}, "channels.body"),
        ({"channels": None}, "channels"),
        ({"kinds": {"orders": {"push": True}}}, "kinds.orders"),
        ({"kinds": {"orderUpdates": {"push": 1}}}, "kinds.orderUpdates.push"),
        ({"kinds": {"orderUpdates": True}}, "kinds.orderUpdates.body"),
        ({"kinds": {"security": {"sms": False}}}, "kinds.security.sms"),
        ({"quietHours": {"start": "22:00"}}, "quietHours.end"),
        ({"quietHours": {}}, "quietHours.start"),
        ({"quietHours": {"start": "24:00", "end": "07:00"}}, "quietHours.start"),
        ({"quietHours": {"start": "22:60", "end": "07:00"}}, "quietHours.start"),
        ({"quietHours": {"start": "9:00", "end": "07:00"}}, "quietHours.start"),
        ({"quietHours": {"start": "२२:००", "end": "07:00"}}, "quietHours.start"),
        ({"quietHours": {"start": 22, "end": "07:00"}}, "quietHours.start"),
        ({"quietHours": {"start": "07:00", "end": "07:00"}}, "quietHours.end"),
        ({"quietHours": {"start": "22:00", "end": "07:00", "timeZone": "Asia"}}, "quietHours.timeZone"),
        ({"quietHours": {"start": "22:00", "end": "07:00", "timeZone": "../../etc/passwd"}}, "quietHours.timeZone"),
        ({"quietHours": "never"}, "quietHours.body"),
        ({"userId": "somebody"}, "userId"),
    ],
)
def test_a_wrong_choice_is_refused_by_name_and_changes_nothing(api: Api, body: dict[str, Any], field: str) -> None:
    client = api(make_doer())
    answer = client.patch(ADDRESS, {"language": "hi", **body})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert field in answer.json()["error"]["details"]
    assert not Preferences.objects.exists()


@pytest.mark.django_db
def test_reading_takes_one_query_more_than_knowing_who_asks(api: Api) -> None:
    client = api(make_doer())
    change(client, language="hi")
    with CaptureQueriesContext(connection) as queries:
        client.get(ADDRESS)
    assert len([query for query in queries if "notifications_preferences" in query["sql"]]) == 1
    assert len(queries) <= 3


@pytest.mark.usefixtures("committed_db")
def test_two_changes_at_once_are_both_kept() -> None:
    user = make_doer()
    switches = [{"order_updates": {"sms": False}}, {"reviews": {"push": False}}, {"payments": {"email": False}}]
    changes = [partial(services.change_preferences, user=user, kinds=kinds) for kinds in switches]
    assert not [one for one in at_once(*changes) if isinstance(one, Exception)]
    stored = Preferences.objects.get(user=user)
    assert stored.choices == {name: switch for kinds in switches for name, switch in kinds.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"language": "fr"}, {"quiet_start": time(22)}])
def test_the_database_itself_refuses_half_a_choice(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Preferences.objects.create(user=make_doer(), **wrong)


def test_the_document_shows_the_true_shape() -> None:
    schemas = document()["components"]["schemas"]
    assert list(schemas["Preferences"]["properties"]) == ["channels", "kinds", "quietHours", "language"]
    assert list(schemas["KindSwitches"]["properties"]) == GROUPS
    assert schemas["Preferences"]["properties"]["language"]["enum"] == ["en", "hi"]


# What follows from it


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("choice", "channels"),
    [
        ({}, ["email", "push", "sms"]),
        ({"channels": {"sms": False}}, ["email", "push"]),
        ({"kinds": {"order_updates": {"sms": False, "email": False}}}, ["push"]),
        ({"channels": {"push": False}, "kinds": {"order_updates": {"sms": False}}}, ["email"]),
        ({"channels": {"push": False, "sms": False, "email": False}}, []),
        ({"kinds": {"reviews": {"sms": False, "push": False, "email": False}}}, ["email", "push", "sms"]),
    ],
)
def test_only_what_is_wanted_goes_out(choice: dict[str, Any], channels: list[str]) -> None:
    user = make_doer()
    make_push_token(user)
    services.change_preferences(user=user, **choice)
    notification = told_everywhere(user)
    send_everything()
    assert sent(notification) == channels


@pytest.mark.django_db
def test_nobody_can_turn_off_that_money_leaves() -> None:
    user = make_doer()
    off = {"push": False, "sms": False, "email": False}
    services.change_preferences(user=user, channels=off, kinds={"security": off})
    notification = make_notification(user, kind="payout_requested", channels=["sms", "email"])
    send_everything()
    assert sent(notification) == ["email", "sms"]


def test_every_kind_stands_in_one_group() -> None:
    kinds = [kind for group in KINDS.values() for kind in group]
    assert len(kinds) == len(set(kinds))
    assert {group_of(kind) for kind in kinds} == set(Group)
    assert group_of("something_new") == Group.ACCOUNT


# Quiet hours


@pytest.mark.parametrize(
    ("start", "end", "at", "until"),
    [
        ("22:00", "07:00", "2026-01-05 21:59", None),
        ("22:00", "07:00", "2026-01-05 22:00", "2026-01-06 07:00"),
        ("22:00", "07:00", "2026-01-05 23:59", "2026-01-06 07:00"),
        ("22:00", "07:00", "2026-01-06 00:00", "2026-01-06 07:00"),
        ("22:00", "07:00", "2026-01-06 06:59", "2026-01-06 07:00"),
        ("22:00", "07:00", "2026-01-06 07:00", None),
        ("13:00", "15:00", "2026-01-05 12:59", None),
        ("13:00", "15:00", "2026-01-05 13:00", "2026-01-05 15:00"),
        ("13:00", "15:00", "2026-01-05 15:00", None),
        ("00:00", "06:00", "2026-01-05 00:30", "2026-01-05 06:00"),
        ("18:00", "00:00", "2026-12-31 23:00", "2027-01-01 00:00"),
    ],
)
def test_quiet_hours_end_when_they_say_over_midnight_too(start: str, end: str, at: str, until: str | None) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    moment = datetime.fromisoformat(at).replace(tzinfo=zone)
    expected = datetime.fromisoformat(until).replace(tzinfo=zone) if until else None
    assert end_of_quiet(time.fromisoformat(start), time.fromisoformat(end), moment) == expected


def test_quiet_hours_follow_the_persons_own_time_zone() -> None:
    moment = datetime(2026, 7, 5, 20, 0, tzinfo=ZoneInfo("UTC"))  # 01:30 in India, 22:00 in Berlin
    night = {"quiet_start": time(23), "quiet_end": time(6)}
    india = Preferences(**night)
    berlin = Preferences(**night, time_zone="Europe/Berlin")
    until = india.quiet_until("order_funded", Channel.PUSH, moment)
    assert until == datetime(2026, 7, 6, 0, 30, tzinfo=ZoneInfo("UTC"))
    assert berlin.quiet_until("order_funded", Channel.PUSH, moment) is None


@pytest.mark.django_db
def test_a_deleted_choice_means_the_defaults_again() -> None:
    user = make_doer()
    services.change_preferences(user=user, language="hi")
    Preferences.objects.all().delete()
    assert selectors.get_preferences_of(user.pk).language == "en"
