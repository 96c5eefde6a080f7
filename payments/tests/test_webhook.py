"""The address that the gateway calls: only what is signed counts, and it counts once, in any order."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.tests.factories import make_operator
from khidma.kernel.clock import Now
from khidma.kernel.outbox import deliver_due
from khidma.tests.client import JsonClient
from khidma.tests.races import at_once
from payments import services
from payments.models import Capture, Escrow, GatewayEvent, Payment, Refund
from payments.selectors import escrow_of
from payments.tasks import work_through_events
from payments.tests.factories import (
    balance,
    books,
    captured,
    gateway_id,
    make_escrow,
    make_funded_escrow,
    make_payment,
)
from sandbox.testing import StandIn

PATH = "/api/webhooks/payment"


def sign(raw: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@pytest.fixture
def send(settings: LazySettings) -> Callable[..., Any]:
    """Posts an event as the gateway does; a second one with the same id is the same event again."""

    def post(body: Any, event_id: str = "", **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        signature = headers.pop("signature", sign(raw, settings.RAZORPAY_WEBHOOK_SECRET))
        sent = {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id or gateway_id("x")[2:], **headers}
        return Client().generic("POST", PATH, raw, "application/json", headers=sent)

    return post


def entity(payment: Payment, status: str = "captured", payment_id: str = "", **over: Any) -> dict[str, Any]:
    sighting = captured(payment)
    is_captured = status == "captured"
    return {
        "id": payment_id or sighting.payment_id,
        "entity": "payment",
        "amount": sighting.amount,
        "currency": "INR",
        "status": status,
        "order_id": payment.gateway_order_id,
        "method": "upi",
        "fee": sighting.fee if is_captured else None,
        "tax": sighting.fee_tax if is_captured else None,
        "notes": [],
        "error_description": "The bank said no." if status == "failed" else None,
        **over,
    }


def event(name: str, **payload: Any) -> dict[str, Any]:
    wrapped = {key.replace("__", "."): {"entity": value} for key, value in payload.items()}
    return {"entity": "event", "event": name, "contains": list(wrapped), "payload": wrapped, "created_at": 1}


def story(payment: Payment, payment_id: str) -> list[dict[str, Any]]:
    """What the gateway sends of one payment, in the right order."""
    order = {"id": payment.gateway_order_id, "receipt": str(payment.pk), "status": "paid"}
    return [
        event("payment.authorized", payment=entity(payment, "authorized", payment_id)),
        event("payment.captured", payment=entity(payment, payment_id=payment_id)),
        event("order.paid", payment=entity(payment, payment_id=payment_id), order=order),
    ]


# Storing


def test_an_event_is_stored_raw_answered_and_worked_through_afterwards(db: None, send: Callable[..., Any]) -> None:
    escrow = make_escrow()
    payment = make_payment(escrow)
    answer = send(event("payment.captured", payment=entity(payment)), "evt1")
    assert (answer.status_code, answer.json()) == (200, {"success": True, "data": {"received": True}})
    assert GatewayEvent.objects.get().status == "pending"
    assert escrow_of(escrow.reference).status == "awaiting"
    deliver_due()
    assert GatewayEvent.objects.get().status == "done"
    assert escrow_of(escrow.reference).status == "funded"


def test_the_bytes_are_kept_as_they_came(db: None, send: Callable[..., Any]) -> None:
    raw = '{"event" : "payment.captured","x":"ü\\u00e9", "payload":{}}\n'.encode()
    assert send(raw).status_code == 200
    assert bytes(GatewayEvent.objects.get().raw) == raw


def test_a_forged_event_is_refused_and_leaves_nothing(db: None, send: Callable[..., Any]) -> None:
    payment = make_payment(make_escrow())
    body = event("payment.captured", payment=entity(payment))
    raw = json.dumps(body).encode()
    before = books()
    for signature in ("", "0" * 64, sign(raw, "guess"), "ü", "\x7f", sign(raw, ""), "é" * 64):
        answer = send(raw, signature=signature)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_signature")
    answer = Client().generic("POST", PATH, raw, "application/json")
    assert answer.status_code == 400
    assert not GatewayEvent.objects.exists()
    deliver_due()
    assert books() == before


def test_a_changed_body_is_forged(db: None, send: Callable[..., Any], settings: LazySettings) -> None:
    raw = json.dumps(event("payment.captured", payment=entity(make_payment(make_escrow())))).encode()
    signature = sign(raw, settings.RAZORPAY_WEBHOOK_SECRET)
    assert send(raw.replace(b"100000", b"100001"), signature=signature).status_code == 400
    assert send(raw + b" ", signature=signature).status_code == 400
    assert not GatewayEvent.objects.exists()


def test_both_secrets_count_while_one_replaces_the_other(
    db: None, send: Callable[..., Any], settings: LazySettings
) -> None:
    raw = b'{"event":"invoice.paid","payload":{}}'
    old = settings.RAZORPAY_WEBHOOK_SECRET
    settings.RAZORPAY_WEBHOOK_SECRET, settings.RAZORPAY_WEBHOOK_SECRET_OLD = "new secret", old
    assert send(raw, signature=sign(raw, "new secret")).status_code == 200
    assert send(raw, signature=sign(raw, old)).status_code == 200
    settings.RAZORPAY_WEBHOOK_SECRET_OLD = ""
    assert send(raw, signature=sign(raw, old)).status_code == 400


def test_an_empty_secret_signs_nothing(db: None, send: Callable[..., Any], settings: LazySettings) -> None:
    settings.RAZORPAY_WEBHOOK_SECRET = ""
    assert send(b"{}", signature=sign(b"{}", "")).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"event":"payment.captured"}',
        b'{"event":"payment.captured","payload":[]}',
        b'{"event":"payment.captured","payload":{"payment":{"entity":"x"}}}',
        b'{"event":"payment.captured","payload":{"payment":{"entity":{"id":5,"amount":"1e9","status":[]}}}}',
        b'{"event":"refund.processed","payload":{"refund":{"entity":{}}}}',
        b'{"event":"payout.processed","payload":{"payout":{"entity":{"id":null,"amount":true}}}}',
        b'{"event":"fund_account.validation.completed","payload":{"fund_account.validation":{"entity":{"results":[]}}}}',
        b'{"event":"something.new","payload":{"thing":{"entity":{"id":"x"}}}}',
        b'{"event":{"a":1},"payload":7}',
    ],
)
def test_what_is_signed_but_strange_is_kept_and_changes_nothing(
    db: None, send: Callable[..., Any], body: bytes
) -> None:
    before = books()
    assert send(body).status_code == 200
    deliver_due()
    work_through_events()
    assert GatewayEvent.objects.get().status in {"ignored", "done"}
    assert books() == before


def test_a_body_over_256_kib_is_too_large(db: None, send: Callable[..., Any]) -> None:
    assert send(b'{"x":"' + b"y" * (256 * 1024) + b'"}').status_code == 413
    assert not GatewayEvent.objects.exists()


def test_an_event_is_stored_once_by_its_id(db: None, send: Callable[..., Any]) -> None:
    body = event("payment.captured", payment=entity(make_payment(make_escrow())))
    assert [send(body, "same").status_code for _ in range(3)] == [200, 200, 200]
    assert send(body, "other").status_code == 200
    assert GatewayEvent.objects.count() == 2


def test_an_event_without_an_id_is_known_by_its_bytes(db: None, send: Callable[..., Any]) -> None:
    raw = b'{"event":"invoice.paid"}'
    for _ in range(2):
        answer = Client().generic(
            "POST", PATH, raw, "application/json", headers={"X-Razorpay-Signature": sign(raw, _secret())}
        )
        assert answer.status_code == 200
    assert GatewayEvent.objects.count() == 1


def _secret() -> str:
    from django.conf import settings

    return str(settings.RAZORPAY_WEBHOOK_SECRET)


def test_an_answer_takes_less_than_half_a_second(db: None, send: Callable[..., Any]) -> None:
    body = event("payment.captured", payment=entity(make_payment(make_escrow())))
    send(body)
    began = time.perf_counter()
    assert send(body).status_code == 200
    assert time.perf_counter() - began < 0.5


def test_others_may_not_read_or_delete_there(db: None, api: Callable[..., JsonClient]) -> None:
    assert api().get(PATH).status_code == 405
    assert api().delete(PATH).status_code == 405


# Merging


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_and_number_of_events_credits_once(
    db: None, send: Callable[..., Any], order: tuple[int, ...]
) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    events = story(payment, gateway_id("pay"))
    for index in order:
        for _ in range(2):
            send(events[index])
            deliver_due()
    assert escrow_of(escrow.reference).status == "funded"
    assert balance("escrow", escrow.pk) == 100_000
    assert balance("gateway") == 100_000 - 2360
    assert Capture.objects.count() == 1
    assert not Refund.objects.exists()


def test_failed_and_then_captured_is_captured_whichever_comes_first(db: None, send: Callable[..., Any]) -> None:
    for turned in (False, True):
        escrow = make_escrow()
        payment, payment_id = make_payment(escrow), gateway_id("pay")
        events = [
            event("payment.failed", payment=entity(payment, "failed", payment_id)),
            event("payment.captured", payment=entity(payment, payment_id=payment_id)),
        ]
        for body in reversed(events) if turned else events:
            send(body)
            deliver_due()
        assert Payment.objects.get(pk=payment.pk).status == "captured"
        assert escrow_of(escrow.reference).status == "funded"


def test_an_event_of_another_amount_goes_to_suspense(db: None, send: Callable[..., Any]) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    body = event("payment.captured", payment=entity(payment, amount=99_999))
    for _ in range(2):
        send(body)
        deliver_due()
    capture = Capture.objects.get()
    assert (capture.use, balance("suspense", capture.pk)) == ("suspense", 99_999)
    assert escrow_of(escrow.reference).status == "awaiting"


def test_the_clients_word_and_the_gateways_come_at_once(committed_db: None, send: Callable[..., Any]) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    sighting = captured(payment)
    body = event("payment.captured", payment=entity(payment, payment_id=sighting.payment_id))

    def hear() -> int:
        answer = send(body)
        for found in services.events_due():
            services.work_through(gateway_event_id=found)
        return int(answer.status_code)

    verify = lambda: services.record_sighting(payment_id=payment.pk, sighting=sighting)  # noqa: E731
    answers = at_once(*[hear, verify] * 10)
    assert answers[0::2] == [200] * 10
    assert [answer.status for answer in answers[1::2]] == ["captured"] * 10
    work_through_events()
    assert not GatewayEvent.objects.exclude(status="done").exists()
    assert balance("gateway") == 100_000 - 2360
    assert balance("escrow", escrow.pk) == 100_000


def test_one_event_sent_by_twenty_at_once_is_stored_once(committed_db: None, send: Callable[..., Any]) -> None:
    body = event("payment.captured", payment=entity(make_payment(make_escrow())))
    answers = at_once(*[lambda: send(body, "same").status_code] * 20)
    assert answers == [200] * 20
    assert GatewayEvent.objects.count() == 1


# Finding what it is about


def test_an_event_that_overtakes_the_orders_answer_finds_its_payment(
    db: None, gateway: StandIn, send: Callable[..., Any]
) -> None:
    escrow = make_escrow(100_000)
    payment = services.open_gateway_order(payment_id=_started(escrow).pk)
    order_id = str(payment.gateway_order_id)
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id=None)
    paid = gateway.pay(order_id)
    payment.gateway_order_id = order_id
    send(event("payment.captured", payment=entity(payment, payment_id=paid["razorpay_payment_id"])))
    deliver_due()
    assert Payment.objects.get().gateway_order_id == order_id
    assert escrow_of(escrow.reference).status == "funded"


def _started(escrow: Escrow) -> Payment:
    return services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")


def test_money_for_an_order_that_is_not_ours_is_set_aside(db: None, gateway: StandIn, send: Callable[..., Any]) -> None:
    body = event("payment.captured", payment=entity(make_payment(make_escrow()), order_id=gateway_id("order")))
    for _ in range(2):
        send(body)
        deliver_due()
    capture = Capture.objects.get()
    assert (capture.payment, capture.use) == (None, "suspense")
    assert balance("suspense", capture.pk) == 100_000


def test_an_event_waits_while_the_gateway_cannot_be_asked(db: None, gateway: StandIn, send: Callable[..., Any]) -> None:
    payment = make_payment(make_escrow())
    gateway.kill()
    send(event("payment.captured", payment=entity(payment, order_id=gateway_id("order"))))
    deliver_due()
    stored = GatewayEvent.objects.get()
    assert (stored.status, stored.attempts) == ("pending", 1)
    assert not Capture.objects.exists()
    gateway.start()
    GatewayEvent.objects.update(due_at=Now())
    work_through_events()
    assert GatewayEvent.objects.get().status == "done"
    assert Capture.objects.get().use == "suspense"


def test_an_event_that_was_given_up_can_be_tried_again(db: None, send: Callable[..., Any]) -> None:
    escrow = make_escrow()
    send(event("payment.captured", payment=entity(make_payment(escrow))))
    GatewayEvent.objects.update(status="dead", attempts=20)
    deliver_due()
    assert escrow_of(escrow.reference).status == "awaiting"
    operator = make_operator("finance")
    assert services.revive_events(events=GatewayEvent.objects.all(), operator=operator) == 1
    assert services.revive_events(events=GatewayEvent.objects.all(), operator=operator) == 0
    deliver_due()
    assert escrow_of(escrow.reference).status == "funded"


@pytest.mark.parametrize(("group", "status"), [("finance", "pending"), ("support", "dead")])
def test_finance_tries_a_dead_event_again_from_its_page(
    db: None, send: Callable[..., Any], client: Any, group: str, status: str
) -> None:
    send(event("payment.captured", payment=entity(make_payment(make_escrow()))))
    GatewayEvent.objects.update(status="dead", attempts=20)
    client.force_login(make_operator(group))
    chosen = {"action": "try_again", "_selected_action": str(GatewayEvent.objects.get().pk)}
    client.post("/admin/payments/gatewayevent/", chosen)
    assert GatewayEvent.objects.get().status == status


def test_the_refund_of_what_was_never_captured_books_nothing(db: None, send: Callable[..., Any]) -> None:
    payment = make_payment(make_escrow())
    before = books()
    refund = {"id": gateway_id("rfnd"), "payment_id": "pay_x", "amount": 100_000, "status": "processed"}
    send(event("refund.processed", refund=refund, payment=entity(payment, "refunded", captured=False)))
    deliver_due()
    assert books() == before


def test_a_refunds_event_that_overtakes_its_answer_finds_it_by_receipt(db: None, send: Callable[..., Any]) -> None:
    escrow = make_funded_escrow(100_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    refund = Refund.objects.get()
    from payments.services.refunds.sending import _begin

    _begin(refund)
    told = {
        "id": gateway_id("rfnd"),
        "payment_id": refund.capture.gateway_payment_id,
        "amount": 100_000,
        "status": "processed",
        "receipt": str(refund.pk),
    }
    for _ in range(2):
        send(event("refund.processed", refund=told))
        for found in services.events_due():
            services.work_through(gateway_event_id=found)
    refund.refresh_from_db()
    assert (refund.status, refund.gateway_refund_id) == ("processed", told["id"])
    assert balance("refund_pending", refund.payment_id) == 0
