"""People hear in their own language: every sentence has its Hindi, with the same values in it."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.tests.factories import make_client, make_doer
from deploy.catalogues import LOCALE, messages_of
from khidma.delivery.models import OutboxMessage
from khidma.delivery.tests.standin import Providers
from khidma.kernel.events import Event, publish
from notifications.models import Notification, Sending
from notifications.services import change_preferences, tell
from notifications.sms_texts import SMS_TEXTS, text_of
from notifications.tests.factories import make_notification, send_everything, told_everywhere
from notifications.tests.test_handlers import TABLE, deliver_ours, fact
from payments.events import AutoPayoutPutOff

APP = Path(settings.BASE_DIR) / "notifications"
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
LATIN_WORD = re.compile(r"[A-Za-z]{3,}")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
LEFT_IN_ENGLISH = {"Logo", "for", "tea", "stall", "other"}
"""What people wrote themselves, here: a title and a milestone's."""


def sentences() -> set[str]:
    """Every sentence that is told, and what stands around it in e-mails."""
    found = set()
    for path in APP.rglob("*.py"):
        source = path.read_text("utf-8")
        if "sentences import sentence as _" in source and "tests" not in path.parts:
            calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
            texts = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "_"]
            found |= {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}
            assert all(isinstance(text, ast.Constant) for text in texts), path
    for path in APP.rglob("*.html"):
        found |= set(re.findall(r'{% translate "([^"]+)" %}', path.read_text("utf-8")))
    return found


def hindi() -> dict[str, str]:
    return messages_of((LOCALE / "hi" / "LC_MESSAGES" / "django.po").read_text("utf-8"))


def test_every_sentence_has_its_hindi_with_the_same_values() -> None:
    translated = hindi()
    assert len(sentences()) > 100
    assert sentences() - set(translated) == set()
    for english in sentences():
        assert DEVANAGARI.search(translated[english]), english
        assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(translated[english])), english


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind, _ in TABLE], ids=lambda kind: kind.name())
def test_a_fact_is_told_in_hindi_to_whoever_chose_it(kind: type[Event]) -> None:
    client, doer = make_client(), make_doer()
    for user in (client, doer):
        change_preferences(user=user, language="hi")
    publish(fact(kind, client, doer))
    deliver_ours()
    told = list(Notification.objects.all())
    for words in [text for row in told for text in (row.title, row.body)] + [
        message.body for message in OutboxMessage.objects.filter(channel="sms")
    ]:
        assert DEVANAGARI.search(words)
        assert set(LATIN_WORD.findall(words)) <= LEFT_IN_ENGLISH, words
    assert {row.language for row in told} == {"hi"}
    for row in Sending.objects.filter(channel="sms").select_related("notification"):
        assert text_of(row.notification.kind, "hi") % row.values == row.text


@pytest.mark.django_db
def test_each_of_two_people_hears_in_their_own_language() -> None:
    english, other = make_doer(), make_doer()
    change_preferences(user=other, language="hi")
    assert told_everywhere(english).title == "You can begin"
    assert told_everywhere(other).title == "आप काम शुरू कर सकते हैं"
    assert told_everywhere(english).body == "₹3,000.00 for “Logo” is in escrow."


@pytest.mark.django_db
def test_days_and_reasons_are_put_into_words_too() -> None:
    client, doer = make_client(), make_doer()
    change_preferences(user=doer, language="hi")
    publish(fact(AutoPayoutPutOff, client, doer))
    deliver_ours()
    body = Notification.objects.get(user=doer).body
    assert "2 जनवरी" in body
    assert "पहले एक बैंक खाता जोड़ें।" in body


@pytest.mark.django_db
def test_an_e_mail_is_in_one_language_and_leads_into_the_app(providers: Providers) -> None:
    user = make_doer()
    change_preferences(user=user, language="hi")
    told_everywhere(user, ["email"])
    send_everything()
    mail = providers.taken["postmark"][0]
    assert mail["Subject"] == "आप काम शुरू कर सकते हैं"
    assert '<html lang="hi">' in mail["HtmlBody"]
    link = f"{settings.PUBLIC_URL}/orders"
    assert mail["TextBody"].endswith(f"\n\n{link}")
    assert f'href="{link}"' in mail["HtmlBody"]
    assert "Khidma खोलें" in mail["HtmlBody"]
    assert "Open Khidma" not in mail["HtmlBody"]


@pytest.mark.django_db
def test_what_people_wrote_is_text_in_an_e_mail_and_never_html(providers: Providers) -> None:
    make_notification(make_doer(), title="<b>x</b>", body="<img src=x onerror=alert(1)>", channels=["email"])
    send_everything()
    html = providers.taken["postmark"][0]["HtmlBody"]
    assert "<b>x</b>" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.django_db
def test_a_sign_of_percent_in_somebodys_words_does_no_harm() -> None:
    told = tell(user_id=make_doer().pk, kind="gig_expired", title="50% off", body=["100 %(x)s", "5 %"], data={})
    assert (told.title, told.body) == ("50% off", "100 %(x)s 5 %")


def test_every_text_that_goes_out_by_sms_can_be_printed_to_be_registered(capsys: pytest.CaptureFixture[str]) -> None:
    by_sms = {kind for _, told in TABLE for _, kind, channels in told if "sms" in channels}
    assert set(SMS_TEXTS) == by_sms
    call_command("sms_templates")
    printed = capsys.readouterr().out
    assert printed.count("{#var#}") >= 2 * len(by_sms)
    assert "login_code.hi\n  {#var#} आपका Khidma लॉग इन कोड है। यह {#var#} मिनट" in printed
    assert "phone_code.en\n  {#var#} is your Khidma code to change your phone number." in printed
    assert (
        "order_funded.en\n  You can begin. {#var#} for “{#var#}” is in escrow.\n  You can begin. ##amount##" in printed
    )
    assert "order_funded.hi\n  आप काम शुरू कर सकते हैं. “{#var#}” के {#var#} सुरक्षित जमा हैं।" in printed
