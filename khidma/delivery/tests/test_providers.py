"""The real adapters against a stand-in of their providers: what is sent, and what comes of every fault."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from khidma.delivery import deliver
from khidma.delivery.errors import DeviceGone, NotDeliverable, NotTaken
from khidma.delivery.providers.calling import LONGEST_PAUSE, TIMEOUT
from khidma.delivery.tests.standin import Providers
from khidma.kernel.network import NetworkInTransaction

pytestmark = pytest.mark.django_db

PHONE = "+919876543210"


def code(key: str = "code:1", **over: Any) -> str:
    """A login code on its way."""
    values = {"code": "123456", "minutes": 5}
    sms = {"to": PHONE, "body": "123456 is your code.", "template": "login_code", "values": values}
    return deliver.send_sms(**{**sms, "key": key, **over})


def push(**over: Any) -> str:
    """A push on its way."""
    message: dict[str, Any] = {"token": "device-token", "title": "You can begin", "body": "₹3,000.00 is in escrow."}
    return deliver.send_push(**{**message, "data": {"orderId": 7}, "key": "n:1", **over})


def email() -> str:
    """An e-mail on its way."""
    return deliver.send_email(to="asha@example.in", subject="News", body="Hello", html="<p>Hello</p>", key="n:1")


def test_nobody_waits_longer_than_three_seconds_to_connect_and_ten_for_an_answer() -> None:
    assert (TIMEOUT.connect, TIMEOUT.read, TIMEOUT.write) == (3.0, 10.0, 10.0)


# SMS


def test_msg91_gets_the_registered_template_with_its_values(providers: Providers) -> None:
    assert code() == "msg91"
    assert providers.taken["msg91"] == [
        {"template_id": "64f0c0ffee", "mobiles": "919876543210", "code": "123456", "minutes": "5"}
    ]
    assert providers.taken["twilio"] == []


def test_a_value_longer_than_the_registry_allows_is_cut(providers: Providers) -> None:
    code(values={"code": "x" * 31, "minutes": "y" * 30})
    taken = providers.taken["msg91"][0]
    assert (taken["code"], taken["minutes"]) == ("x" * 29 + "…", "y" * 30)


@pytest.mark.parametrize("fault", ["hang", "drop", "500", "503", "429", "401", "error", "hang_after_taking"])
def test_where_the_first_provider_fails_the_second_sends(providers: Providers, fault: str) -> None:
    providers.fail("msg91", fault)
    assert code() == "twilio"
    assert providers.taken["twilio"] == [{"To": PHONE, "From": "+15005550006", "Body": "123456 is your code."}]


def test_a_text_without_a_registered_template_goes_by_the_second(providers: Providers) -> None:
    assert code(template="order_funded", language="hi") == "twilio"
    assert providers.taken["msg91"] == []


def test_a_messaging_service_stands_in_for_a_number(providers: Providers, settings: LazySettings) -> None:
    settings.SMS_PROVIDERS, settings.TWILIO_SENDER = ["twilio"], "MG0123456789"
    code()
    assert providers.taken["twilio"][0]["MessagingServiceSid"] == "MG0123456789"


def test_whoever_failed_a_moment_ago_is_asked_last(providers: Providers) -> None:
    providers.fail("msg91", "hang")
    assert [code("code:1"), code("code:2")] == ["twilio", "twilio"]
    providers.fail("twilio", "500")
    assert code("code:3") == "msg91"


@pytest.mark.parametrize("faults", [("500", "hang"), ("hang", "503"), ("error", "21211"), ("401", "drop")])
def test_where_both_fail_nothing_was_sent_and_it_may_be_tried_again(
    providers: Providers, faults: tuple[str, str]
) -> None:
    providers.fail("msg91", faults[0])
    providers.fail("twilio", faults[1])
    with pytest.raises(NotTaken) as caught:
        code()
    assert caught.value.status == 503
    assert caught.value.retry_after == (17 if "503" in faults else 5)
    assert providers.taken["msg91"] == providers.taken["twilio"] == []


def test_a_number_that_does_not_exist_is_refused_for_good(providers: Providers, settings: LazySettings) -> None:
    settings.SMS_PROVIDERS = ["twilio"]
    providers.fail("twilio", "21211")
    with pytest.raises(NotDeliverable, match="service_unavailable") as caught:
        code()
    assert caught.value.reason.startswith("Twilio 21211")


# Push


def test_a_push_carries_texts_only_and_a_tag_that_makes_a_repeat_one(providers: Providers) -> None:
    push()
    push()
    first, second = providers.taken["fcm"]
    assert first == second
    assert (first["token"], first["data"]) == ("device-token", {"orderId": "7"})
    assert first["notification"] == {"title": "You can begin", "body": "₹3,000.00 is in escrow."}
    tag = first["android"]["notification"]["tag"]
    assert first["apns"]["headers"]["apns-collapse-id"] == first["webpush"]["notification"]["tag"] == tag
    assert len(tag.encode()) <= 64
    push(key="n:2")
    assert providers.taken["fcm"][2]["android"]["notification"]["tag"] != tag


def test_one_access_token_serves_many_pushes_and_a_revoked_one_is_renewed(providers: Providers) -> None:
    push()
    given = providers.tokens_given
    push()
    assert providers.tokens_given == given
    providers.fail("fcm", "UNAUTHENTICATED")
    push()
    assert providers.tokens_given == given + 1
    assert len(providers.taken["fcm"]) == 3


@pytest.mark.parametrize("fault", ["UNREGISTERED", "INVALID_TOKEN"])
def test_a_dead_token_is_said_to_be_dead(providers: Providers, fault: str) -> None:
    providers.fail("fcm", fault)
    with pytest.raises(DeviceGone):
        push()


@pytest.mark.parametrize("fault", ["INVALID_MESSAGE", "SENDER_ID_MISMATCH"])
def test_a_refusal_that_is_our_fault_gives_up_no_token(providers: Providers, fault: str) -> None:
    providers.fail("fcm", fault)
    with pytest.raises(NotDeliverable) as caught:
        push()
    assert not isinstance(caught.value, DeviceGone)


@pytest.mark.parametrize(
    ("fault", "pause"), [("hang", 5), ("drop", 5), ("500", 5), ("503", 17), ("QUOTA_EXCEEDED", 60)]
)
def test_a_push_that_was_not_taken_waits_as_long_as_fcm_asks(providers: Providers, fault: str, pause: int) -> None:
    providers.fail("fcm", fault)
    with pytest.raises(NotTaken) as caught:
        push()
    assert caught.value.retry_after == pause <= LONGEST_PAUSE


def test_without_an_access_token_nothing_is_sent(providers: Providers) -> None:
    providers.fail("fcm", "UNAUTHENTICATED")
    providers.fail("google", "invalid_grant")
    with pytest.raises(NotTaken):
        push()
    assert providers.taken["fcm"] == []


# E-mail


def test_an_e_mail_goes_out_in_both_forms_under_one_message_id(providers: Providers) -> None:
    email()
    email()
    first, second = providers.taken["postmark"]
    assert (first["To"], first["Subject"], first["TextBody"], first["HtmlBody"]) == (
        "asha@example.in", "News", "Hello", "<p>Hello</p>",
    )  # fmt: skip
    assert first["From"] == "Khidma <no-reply@khidma.test>"
    message_id = next(header["Value"] for header in first["Headers"] if header["Name"] == "Message-ID")
    assert message_id.endswith("@khidma.test>")
    assert second["Headers"] == first["Headers"]


@pytest.mark.parametrize("fault", ["hang", "drop", "500", "429"])
def test_an_e_mail_that_was_not_taken_may_be_tried_again(providers: Providers, fault: str) -> None:
    providers.fail("postmark", fault)
    with pytest.raises(NotTaken):
        email()


def test_an_address_that_bounced_is_refused_for_good(providers: Providers) -> None:
    providers.fail("postmark", "inactive")
    with pytest.raises(NotDeliverable):
        email()


@pytest.mark.parametrize("send", [code, push, email])
def test_no_provider_is_called_inside_a_transaction(providers: Providers, send: Callable[[], str]) -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        send()
    assert not any(providers.taken.values())


def test_without_any_provider_it_says_so(settings: LazySettings) -> None:
    settings.SMS_PROVIDERS, settings.PUSH_PROVIDER, settings.EMAIL_PROVIDER = [], "", ""
    for send in (code, push, email):
        with pytest.raises(NotTaken, match="service_unavailable"):
            send()
