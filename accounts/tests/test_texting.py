"""Codes come in the language of whoever reads them."""

import re
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from accounts import services
from accounts.languages import ChosenLanguages, chosen_languages
from accounts.models import OneTimeCode, User
from accounts.tests.factories import make_client, next_phone
from khidma.delivery.errors import NotDeliverable
from khidma.delivery.models import OutboxMessage
from khidma.delivery.tests.standin import Providers
from notifications.services import change_preferences

pytestmark = pytest.mark.django_db

ENGLISH = r"\d{6} is your Khidma login code\. It is good for 5 minutes\. Never share it\."
HINDI = r"\d{6} आपका Khidma लॉग इन कोड है। यह 5 मिनट तक चलेगा। इसे किसी को न बताएँ।"


def sent_to(target: str | None) -> OutboxMessage:
    return OutboxMessage.objects.filter(to=target).latest("created_at")


def someone_who_chose(language: str) -> User:
    user = make_client(email=f"{uuid4()}@example.in")
    change_preferences(user=user, language=language)
    return user


@pytest.mark.parametrize(("asked", "text"), [("en", ENGLISH), ("hi", HINDI)])
def test_a_phone_that_nobody_has_yet_gets_its_code_as_the_request_asks(asked: str, text: str) -> None:
    phone = next_phone()
    with override(asked):
        services.send_sign_in_code(phone=phone)
    assert re.fullmatch(text, sent_to(phone).body)


@pytest.mark.parametrize(("asked", "chosen", "text"), [("en", "hi", HINDI), ("hi", "en", ENGLISH)])
def test_what_somebody_chose_counts_for_more_than_what_the_request_asks(asked: str, chosen: str, text: str) -> None:
    user = someone_who_chose(chosen)
    with override(asked):
        services.send_sign_in_code(phone=str(user.phone))
    assert re.fullmatch(text, sent_to(user.phone).body)


def test_the_choice_of_somebody_else_is_not_asked() -> None:
    someone_who_chose("hi")
    user = make_client()
    with override("en"):
        services.send_sign_in_code(phone=str(user.phone))
    assert re.fullmatch(ENGLISH, sent_to(user.phone).body)


def test_a_known_phone_costs_no_more_queries_than_a_strange_one() -> None:
    user, counts = someone_who_chose("hi"), []
    services.send_sign_in_code(phone=next_phone())  # reads the settings
    for phone in (next_phone(), str(user.phone)):
        with CaptureQueriesContext(connection) as queries:
            services.send_sign_in_code(phone=phone)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_codes_for_another_phone_come_in_the_language_of_who_asked_for_them() -> None:
    user, phone = someone_who_chose("hi"), next_phone()
    services.send_phone_codes(user=user, phone=phone)
    for target in (user.phone, phone):
        assert re.fullmatch(r"\d{6} आपका फ़ोन नंबर बदलने का Khidma कोड है। इसे किसी को न बताएँ।", sent_to(target).body)


def test_so_does_the_code_for_an_e_mail_address() -> None:
    user = someone_who_chose("hi")
    services.send_email_code(user=user)
    mail = sent_to(user.email)
    assert mail.subject == "अपने ईमेल पते की पुष्टि करें"
    assert re.fullmatch(r"\d{6} आपका Khidma कोड है। यह 5 मिनट तक चलेगा। इसे किसी को न बताएँ।", mail.body)


def test_the_provider_is_given_the_registered_text_of_that_language(
    providers: Providers, settings: LazySettings
) -> None:
    settings.MSG91_TEMPLATES = {"login_code.en": "64f0000001", "login_code.hi": "64f0000002"}
    for language in ("en", "hi"):
        with override(language):
            services.send_sign_in_code(phone=next_phone())
    assert [taken["template_id"] for taken in providers.taken["msg91"]] == ["64f0000001", "64f0000002"]
    assert providers.taken["twilio"] == []


def test_where_the_hindi_text_is_not_registered_the_next_provider_sends_it(providers: Providers) -> None:
    with override("hi"):
        services.send_sign_in_code(phone=next_phone())
    assert re.fullmatch(HINDI, providers.taken["twilio"][0]["Body"])
    assert providers.taken["msg91"] == []


def test_and_where_there_is_no_other_provider_the_code_comes_in_english(
    providers: Providers, settings: LazySettings
) -> None:
    settings.SMS_PROVIDERS = ["msg91"]
    phone = next_phone()
    with override("hi"):
        services.send_sign_in_code(phone=phone)
    assert [taken["template_id"] for taken in providers.taken["msg91"]] == ["64f0c0ffee"]
    assert OneTimeCode.objects.filter(target=phone, ended_at__isnull=True).count() == 1


def test_a_code_that_goes_out_in_no_language_is_dead(providers: Providers, settings: LazySettings) -> None:
    settings.SMS_PROVIDERS, settings.MSG91_TEMPLATES = ["msg91"], {}
    phone = next_phone()
    for language in ("en", "hi"):
        with override(language), pytest.raises(NotDeliverable):
            services.send_sign_in_code(phone=phone)
    assert not OneTimeCode.objects.filter(target=phone, ended_at__isnull=True).exists()


def test_without_an_app_that_knows_the_request_decides() -> None:
    nobody_knows = ChosenLanguages()
    user = someone_who_chose("hi")
    people = User.objects.filter(pk=user.pk)
    with override("en"):
        assert (nobody_knows.of(people), chosen_languages.of(people)) == ("en", "hi")
    with override(None):
        assert nobody_knows.of(people) == "en"
