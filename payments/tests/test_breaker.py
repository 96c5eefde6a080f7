"""The circuit breaker: what opens it, who tries again, and what it leaves alone."""

import time
from threading import Barrier
from unittest import mock

import pytest
from prometheus_client import REGISTRY

from accounts.tests.factories import make_doer
from khidma.kernel.clock import Now
from khidma.tests.races import at_once
from payments import services
from payments.models import GatewayAttempt, Payout, Refund
from payments.providers import gateway as our_gateway
from payments.providers import gateway_state
from payments.providers.breaker import Breaker, GatewayDown, breaker
from payments.providers.gateway import GatewaySaidNo, GatewaySilent
from payments.tasks import send_payouts
from payments.tests.factories import make_funded_escrow, make_payout
from sandbox.testing import StandIn


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def silent(breaker: Breaker) -> None:
    with pytest.raises(GatewaySilent), breaker.watching():
        raise GatewaySilent("nothing")


@pytest.fixture
def opened() -> tuple[Breaker, Clock]:
    """One that has just opened after three silences."""
    clock = Clock()
    found = Breaker(silences=3, rest_seconds=5, clock=clock)
    for _ in range(3):
        silent(found)
    return found, clock


def test_only_silences_in_a_row_open_it() -> None:
    found = Breaker(silences=3, clock=Clock())
    for _ in range(5):
        silent(found)
        silent(found)
        with pytest.raises(GatewaySaidNo), found.watching():
            raise GatewaySaidNo(http_status=400, code="BAD_REQUEST_ERROR", description="no")
        silent(found)
        silent(found)
        with found.watching():
            pass
        assert str(found.state) == "closed"


def test_while_it_is_open_nobody_is_asked_and_nobody_waits(opened: tuple[Breaker, Clock]) -> None:
    found, clock = opened
    for _ in range(3):
        clock.seconds += 1
        assert str(found.state) == "open"
        with pytest.raises(GatewayDown), found.watching():
            raise AssertionError("the gateway was asked")


def test_after_its_rest_one_tries_and_an_answer_closes_it(opened: tuple[Breaker, Clock]) -> None:
    found, clock = opened
    clock.seconds += 5
    assert str(found.state) == "half_open"
    with found.watching():
        assert str(found.state) == "open"
        with pytest.raises(GatewayDown), found.watching():
            raise AssertionError("two at once")
    assert str(found.state) == "closed"


def test_a_try_without_an_answer_opens_it_again(opened: tuple[Breaker, Clock]) -> None:
    found, clock = opened
    for _ in range(2):
        clock.seconds += 5
        silent(found)
        assert str(found.state) == "open"
    clock.seconds += 5
    assert str(found.state) == "half_open"


def test_a_try_that_never_comes_back_is_not_waited_for_for_ever(opened: tuple[Breaker, Clock]) -> None:
    found, clock = opened
    clock.seconds += 5
    with pytest.raises(KeyboardInterrupt), found.watching():
        raise KeyboardInterrupt
    assert str(found.state) == "open"
    clock.seconds += 20
    assert str(found.state) == "half_open"


def test_many_at_once_are_one_try(opened: tuple[Breaker, Clock], db: None) -> None:
    found, clock = opened
    clock.seconds += 5
    others_are_refused = Barrier(10)

    def call() -> str:
        try:
            with found.watching():
                others_are_refused.wait(timeout=5)
                return "tried"
        except GatewayDown:
            others_are_refused.wait(timeout=5)
            return "refused"

    assert sorted(at_once(*[call] * 10)) == ["refused"] * 9 + ["tried"]


# With the gateway


@pytest.mark.parametrize("fault", ["error_500", "error_502_html", "connection_reset", "timeout_before_doing"])
def test_a_gateway_that_is_down_is_not_asked_after_a_while(db: None, gateway: StandIn, fault: str) -> None:
    gateway.faults([{"match": "GET /v1/payouts", "times": 50, "fault": fault}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.2, 0.2)):
        for _ in range(5):
            with pytest.raises(GatewaySilent):
                our_gateway().fetch_payout("pout_12345678901234")
    assert gateway_state() == "open"
    before = time.monotonic()
    with pytest.raises(GatewayDown):
        our_gateway().fetch_payout("pout_12345678901234")
    assert time.monotonic() - before < 0.1


@pytest.mark.parametrize("fault", ["error_409", "error_429"])
def test_a_gateway_that_answers_in_its_way_is_asked_on(db: None, gateway: StandIn, fault: str) -> None:
    gateway.faults([{"match": "GET /v1/payouts", "times": 50, "fault": fault}])
    for _ in range(8):
        with pytest.raises(GatewaySilent):
            our_gateway().fetch_payout("pout_12345678901234")
    assert gateway_state() == "closed"


def test_what_waits_for_the_gateway_is_neither_lost_nor_spent(db: None, gateway: StandIn) -> None:
    payouts = [make_payout(make_doer()) for _ in range(2)]
    for _ in range(5):
        silent(breaker)
    Payout.objects.update(look_at=Now())
    send_payouts()
    services.send_payout(payout_id=payouts[1].pk)
    looks = list(Payout.objects.order_by("id").values_list("status", "looks", "sent_at"))
    assert looks == [("queued", 0, None), ("queued", 1, None)]
    assert not GatewayAttempt.objects.filter(operation="payout").exists()
    breaker.reset()
    Payout.objects.update(look_at=Now())
    send_payouts()
    assert Payout.objects.filter(status="queued", sent_at=None).count() == 0


@pytest.mark.parametrize("known_as", [None, "rfnd_12345678901234"])
def test_a_refund_that_waits_for_the_gateway_spends_no_attempt_and_no_look(
    db: None, gateway: StandIn, known_as: str | None
) -> None:
    escrow = make_funded_escrow()
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    Refund.objects.update(gateway_refund_id=known_as)
    refund = Refund.objects.get()
    for _ in range(5):
        silent(breaker)
    services.send_refund(refund_id=refund.pk)
    found = Refund.objects.get()
    assert (found.status, found.looks, found.look_at) == ("promised", 0, refund.look_at)
    assert not GatewayAttempt.objects.filter(operation="refund").exists()
    breaker.reset()
    services.send_refund(refund_id=refund.pk)
    found.refresh_from_db()
    assert (found.status, found.looks) != ("promised", 0)


def test_the_state_is_a_metric() -> None:
    assert REGISTRY.get_sample_value("khidma_gateway_breaker") == 0
    for _ in range(5):
        silent(breaker)
    assert REGISTRY.get_sample_value("khidma_gateway_breaker") == 2
