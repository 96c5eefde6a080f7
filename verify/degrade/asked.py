"""What phones ask for while a part is down: reads, other writes and money."""

import asyncio
import threading
from collections.abc import Generator, Sequence
from typing import Any
from uuid import UUID

from accounts.tests.factories import make_client, make_doer, next_phone
from gigs.models import Application, Gig
from gigs.tests.factories import make_application, make_gig
from khidma.http.runtime import SecuritySettings
from khidma.kernel.models import OutboxDelivery
from notifications.models import Notification
from payments.models import Capture, Payout
from verify.degrade.money import Money
from verify.degrade.world import Request, World, Wrong, equal
from verify.market import payment_for
from verify.volley import Reply, Shot, volley

Looks = Generator[str, None, str]

MONEY_WITHOUT_REDIS, MONEY_WITHOUT_GATEWAY, REFUSED_WITHIN = 3.0, 5.0, 2.0
"""Seconds that the table promises."""
AS_EVER = 5.0
"""Seconds for what the table gives no time: it hangs nowhere."""
BACK_WITHIN = 30.0
READ_BESIDE_HANGING = 2.5
"""Less than anybody waits for the gateway."""
HANGING_CALLS = 48
"""More than the web process has connections to its database."""


# Reads


def readings(world: World) -> list[Request]:
    """What phones read all the time."""
    order = world.market.new_order()
    client, doer = world.market.client, world.market.doer
    for user in (client, doer):
        world.market.token(user)
    return [
        Request("GET", "/api/gigs?limit=5", None),
        Request("GET", f"/api/gigs/{order.gig_id}", client),
        Request("GET", f"/api/orders/{order.pk}", doer),
        Request("GET", "/api/wallet/balance", doer),
        Request("GET", "/api/notifications", client),
        Request("GET", "/api/conversations", client),
    ]


def reads_as_ever(world: World) -> Looks:
    wanted = readings(world)
    yield ""
    answers = world.expect_all(wanted * 2, {200}, within=AS_EVER, kind="slowest read")
    yield f"{len(answers)} reads, the slowest {max(answers, key=lambda one: one.seconds)}"
    world.expect_all(wanted, {200}, within=AS_EVER, kind="slowest read")
    return "as before"


def reads_refused(world: World) -> Looks:
    wanted = readings(world)
    yield ""
    answers = world.expect_all(wanted * 2, {503}, within=REFUSED_WITHIN, kind="slowest 503")
    yield f"{len(answers)} reads, the slowest {max(answers, key=lambda one: one.seconds)}"
    took = world.wait(lambda: world.ask(wanted[0]).status == 200, "reads are answered", within=BACK_WITHIN)
    world.expect_all(wanted, {200}, within=AS_EVER, kind="slowest read")
    return f"200 after {took:.1f} s"


def reads_beside_hanging_calls(world: World) -> Looks:
    """While many callers wait for the gateway, everybody else is served; then nobody waits any more."""
    wanted = readings(world)
    orders = [world.market.new_order(client=make_client(), doer=make_doer()) for _ in range(HANGING_CALLS)]
    shots = [create_order(world, order) for order in orders]
    yield ""
    hung: list[Reply] = []
    calls = threading.Thread(target=lambda: hung.extend(asyncio.run(volley(world.khidma.port, shots))))
    calls.start()
    answers = []
    while calls.is_alive():
        answers += [world.expect(one, {200}, within=READ_BESIDE_HANGING, kind="slowest read") for one in wanted]
    calls.join()
    if late := [reply for reply in hung if reply.kind != (502, "gateway_unavailable") or reply.seconds > 5.0]:
        raise Wrong(f"of {len(hung)} calls {len(late)} were answered like {late[0].kind} in {late[0].seconds:.1f} s")
    after_that = world.write("POST", "/api/payments/create-order", orders[0].client, {"orderId": str(orders[0].pk)})
    rested = world.expect(after_that, {502}, within=0.5)
    slowest = max(answers, key=lambda one: one.seconds)
    yield (
        f"{len(answers)} reads beside {len(hung)} calls, the slowest {slowest}; the calls were answered after "
        f"{max(reply.seconds for reply in hung):.1f} s at most, and with the breaker open {rested}"
    )
    took = world.wait(lambda: world.ask(after_that).status == 200, "payments begin", within=BACK_WITHIN)
    return f"payments begin after {took:.1f} s"


def create_order(world: World, order: Any) -> Shot:
    body = {"orderId": str(order.pk)}
    return Shot("POST", "/api/payments/create-order", body, world.market.token(order.client))


# Other writes


class Writing:
    """A gig, an application and a message, each written by a phone; and who is to be told of the application."""

    def __init__(self, world: World) -> None:
        self.world = world
        market = world.market
        self.client, doer = make_client(), make_doer()
        self.gig = make_gig(client=self.client)
        order = market.new_order(client=self.client, doer=doer)
        talk = world.call("GET", f"/api/conversations/by-order/{order.pk}", by=doer)
        posted = {
            "kind": "remote",
            "title": "A poster for a school fair",
            "description": "One page in two colours, to be hung in the street.",
            "category": "design",
            "budgetType": "fixed",
            "budgetMin": 20_000,
            "budgetMax": 300_000,
            "deadline": int(self.gig.deadline.timestamp() * 1000),
        }
        bid = {"coverLetter": "I have made many posters for schools.", "proposedAmount": 250_000, "estimatedDays": 4}
        self.requests = [
            world.write("POST", "/api/gigs", self.client, posted),
            world.write("POST", f"/api/gigs/{self.gig.pk}/applications", doer, bid),
            world.write("POST", f"/api/conversations/{talk['id']}/messages", doer, {"text": "Shall I begin?"}),
        ]

    def told(self) -> int:
        """How often the client was told of the application."""
        return Notification.objects.filter(
            user=self.client, kind="new_application", data__gigId=str(self.gig.pk)
        ).count()

    def each_once(self) -> float:
        """Wait until the client was told, and see that everything is there once; how many seconds that took."""
        took = self.world.wait(lambda: self.told() > 0 and delivered([self.gig]), "the client was told")
        equal("applications", Application.objects.filter(gig=self.gig).count(), 1)
        equal("gigs of the client", self.client.gigs.count(), 3)
        equal("told of the application", self.told(), 1)
        return took


def delivered(gigs: Sequence[Gig]) -> bool:
    """Whether every handler has heard of what happened to these gigs. What they send out in turn may take longer: a
    message that was on its way when the database died is tried again after a minute."""
    about = [str(gig.pk) for gig in gigs]
    return not OutboxDelivery.objects.filter(status="pending", event__payload__gig_id__in=about).exists()


def writes_done(world: World) -> Looks:
    """Done, and their events delivered later."""
    writing = Writing(world)
    yield ""
    answers = [world.expect(one, {201}, within=AS_EVER, kind="slowest other write") for one in writing.requests]
    yield ", ".join(map(str, answers))
    return f"the client was told once, after {writing.each_once():.1f} s"


def writes_as_ever(world: World) -> Looks:
    """Done, and their events delivered at once."""
    writing = Writing(world)
    yield ""
    answers = [world.expect(one, {201}, within=AS_EVER, kind="slowest other write") for one in writing.requests]
    took = writing.each_once()
    yield f"{', '.join(map(str, answers))}; the client was told once, after {took:.1f} s"
    return "nothing is left"


def writes_refused(world: World) -> Looks:
    """Refused, and done once under the same keys."""
    writing = Writing(world)
    yield ""
    refused = [world.expect(one, {503}, within=REFUSED_WITHIN, kind="slowest 503") for one in writing.requests]
    yield ", ".join(map(str, refused))
    world.web_is_back()
    for one in writing.requests * 2:
        world.expect(one, {201}, within=AS_EVER)
    return f"201 with the same keys; the client was told once, after {writing.each_once():.1f} s"


def code_refused(world: World) -> Looks:
    """Refused as often as it is asked for, after both providers were; then sent at once, as no limit was used up."""
    phone = next_phone()
    code = Request("POST", "/api/auth/send-otp", None, {"phone": phone})
    tries = SecuritySettings.load().otp_per_phone + 1
    yield ""
    for _ in range(tries):
        world.texting.failed.clear()
        world.expect(code, {503}, within=AS_EVER)
        equal("providers asked", world.texting.asked_for(phone), ["msg91", "twilio"])
    yield f"503 {tries} times, each after both providers"
    sent = world.expect(code, {200}, within=AS_EVER)
    equal("codes sent", world.texting.sent_to(phone), 1)
    again = world.expect(code, {429}, within=AS_EVER)
    return f"{sent}, and the next one too soon: {again}"


# Money


def money_or_refused(world: World) -> Looks:
    money = Money(world)
    yield ""
    answers = money.ask({200, 201, 503}, within=MONEY_WITHOUT_REDIS)
    yield ", ".join(map(str, answers))
    money.ask({200, 201}, within=AS_EVER, patience=BACK_WITHIN)
    return f"2xx with the same keys, {money.each_once()}"


def money_promised(world: World) -> Looks:
    money = Money(world)
    yield ""
    answers = money.ask({200, 201}, within=AS_EVER)
    payout = Payout.objects.get(pk=answers[-1].data["id"])
    if payout.sent_at is not None:
        raise Wrong("the withdrawal was sent without a worker")
    yield f"{', '.join(map(str, answers))}; a row of the withdrawal is {payout.status}"
    return money.each_once()


def money_refused(world: World) -> Looks:
    money = Money(world)
    yield ""
    answers = money.ask({503}, within=REFUSED_WITHIN)
    yield ", ".join(map(str, answers))
    world.web_is_back()
    money.ask({200, 201}, within=AS_EVER)
    return f"2xx with the same keys, {money.each_once()}"


def money_pending(world: World) -> Looks:
    """Accepted without a checkout, verified without a capture, withdrawn without a bank: all of it made up later."""
    market = world.market
    money = Money(world)
    application = make_application(gig=make_gig(client=market.client), doer=make_doer())
    accept = world.write("POST", f"/api/applications/{application.pk}/accept", market.client, {})
    yield ""
    accepted = world.expect(accept, {201}, within=MONEY_WITHOUT_GATEWAY, kind="slowest money without the gateway")
    equal("the accepted order's checkout", accepted.data["payment"], None)
    answers = money.ask({200, 201}, within=MONEY_WITHOUT_GATEWAY)
    equal("captures of the verified payment", Capture.objects.filter(payment=payment_for(money.bought.pk)).count(), 0)
    yield ", ".join(map(str, [accepted, *answers]))
    order_id = accepted.data["id"]
    begin = world.write("POST", "/api/payments/create-order", market.client, {"orderId": order_id})
    world.wait(lambda: world.ask(begin).status == 200, "the checkout is there", within=BACK_WITHIN)
    receipt = str(payment_for(UUID(order_id)).pk)
    found = market.gateway.get("/v1/orders", params={"receipt": receipt}, auth=market.keys).json()
    equal("orders at the gateway for the accepted one", len(found["items"]), 1)
    return money.each_once()


def money_as_ever(world: World) -> Looks:
    money = Money(world)
    yield ""
    answers = money.ask({200, 201}, within=AS_EVER)
    yield f"{', '.join(map(str, answers))}; {money.each_once()}"
    return "nothing is left"
