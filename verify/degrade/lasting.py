"""What goes on while a part is down: sockets that are open, and jobs that are under way."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.models import OutboxDelivery
from notifications.models import Notification
from payments.models import GatewayAttempt, Payout
from verify.degrade.asked import AS_EVER, BACK_WITHIN, MONEY_WITHOUT_GATEWAY, Looks, delivered
from verify.degrade.money import Money
from verify.degrade.world import RESUMED, Line, Request, World, Wrong, equal

SOCKET_CLOSED_WITHIN = 15.0


# The socket


class Talk:
    """Two people in one chat; the first one listens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listener, self.speaker = make_client(), make_doer()
        self.order = world.market.new_order(client=self.listener, doer=self.speaker)
        talk = world.call("GET", f"/api/conversations/by-order/{self.order.pk}", by=self.speaker)
        self.path = f"/api/conversations/{talk['id']}/messages"
        world.wait(lambda: delivered([self.order.gig]), "what was said of the order before has been heard")
        self.asked_at = 0.0
        self.line, self.seq = self.connect()

    def connect(self) -> tuple[Line, int]:
        """A new socket of the listener, and where the stream stands."""
        line = Line(self.world.khidma, self.world.market.token(self.listener))
        return line, line.enter()

    def closes_new_ones(self, code: int) -> None:
        """Who comes now is let in and closed with the same code."""
        line = Line(self.world.khidma, self.world.market.tokens[self.listener.pk][1])
        line.closes(code, within=SOCKET_CLOSED_WITHIN)

    def say(self, text: str, *, within: float) -> str:
        """A message over HTTP; its id."""
        message = self.world.write("POST", self.path, self.speaker, {"text": text})
        self.asked_at = time.monotonic()
        return str(self.world.expect(message, {201}, within=within).data["id"])

    def heard_after(self, message_id: str) -> float:
        """Seconds from asking to hearing it over the socket."""
        frame = self.line.hear("CHAT_MESSAGE", within=AS_EVER, messageId=message_id)
        return float(frame["at"]) - self.asked_at

    def polled(self) -> list[str]:
        """The messages that a poll brings."""
        poll = Request("GET", f"/api/web-chat/poll?after={self.seq}", self.listener)
        events = self.world.expect(poll, {200}, within=AS_EVER).data["events"]
        return messages(events)

    def resumed(self, *expected: str) -> None:
        """A new socket resumes, and hears each of these once, in order, and a new one after them."""
        line, _newest = self.connect()
        line.send("RESUME", lastSeq=self.seq)
        last = self.say("That is all.", within=AS_EVER)
        heard: list[str] = []
        while not heard or heard[-1] != last:
            frame = line.hear("CHAT_MESSAGE", within=BACK_WITHIN, senderId=str(self.speaker.pk))
            heard.append(frame["data"]["messageId"])
        equal("heard after a resume", heard, [*expected, last])
        line.close()


def messages(events: Sequence[dict[str, Any]]) -> list[str]:
    return [one["data"]["messageId"] for one in events if one["event"] == "CHAT_MESSAGE"]


def socket_closed_and_polled(world: World) -> Looks:
    talk = Talk(world)
    yield ""
    talk.line.closes(1013, within=SOCKET_CLOSED_WITHIN)
    talk.closes_new_ones(1013)
    sent = talk.say("Do you hear me?", within=AS_EVER)
    equal("polled", talk.polled(), [sent])
    yield f"closed with 1013 after {world.since(talk.line.closed_at):.1f} s, new ones too; a poll brings the message"
    world.wait(lambda: world.accepts_sockets(talk.listener), "sockets stay open", within=BACK_WITHIN)
    talk.resumed(sent)
    return "resumed, the message came once"


def socket_from_database(world: World) -> Looks:
    """Chat needs no worker; what handlers push comes with them."""
    talk = Talk(world)
    application = make_application(gig=make_gig(client=talk.listener), doer=make_doer())
    world.wait(lambda: delivered([application.gig]), "the application is told of")
    yield ""
    sent = talk.say("Do you hear me?", within=AS_EVER)
    took = talk.heard_after(sent)
    withdraw = world.write("POST", f"/api/applications/{application.pk}/withdraw", application.doer, {})
    bid = {"coverLetter": "I have made many posters for schools.", "proposedAmount": 250_000, "estimatedDays": 4}
    gig = make_gig(client=talk.listener)
    apply = world.write("POST", f"/api/gigs/{gig.pk}/applications", application.doer, bid)
    world.expect(withdraw, {200}, within=AS_EVER)
    applied = world.expect(apply, {201}, within=AS_EVER)
    yield f"a message over the socket after {took * 1000:.0f} ms"
    wanted = {"applicationId": applied.data["id"]}
    frame = talk.line.hear("NEW_APPLICATION", within=RESUMED, **wanted)
    talk.resumed(sent)
    return f"the application was heard of after {world.since(frame['at']):.1f} s"


def socket_closed(world: World) -> Looks:
    talk = Talk(world)
    yield ""
    talk.line.closes(1012, within=SOCKET_CLOSED_WITHIN)
    talk.closes_new_ones(1012)
    yield f"closed with 1012 after {world.since(talk.line.closed_at):.1f} s, new ones too"
    world.web_is_back()
    sent = talk.say("Do you hear me?", within=AS_EVER)
    talk.resumed(sent)
    return "resumed, the message came once"


def socket_as_ever(world: World) -> Looks:
    talk = Talk(world)
    yield ""
    sent = talk.say("Do you hear me?", within=AS_EVER)
    took = talk.heard_after(sent)
    yield f"a message over the socket after {took * 1000:.0f} ms"
    talk.resumed(sent)
    return "resumed, the message came once"


# Jobs


class Jobs:
    """Applications whose clients are told by a worker."""

    def __init__(self, world: World, count: int = 5) -> None:
        self.world = world
        self.client = make_client()
        self.gigs = [make_gig(client=self.client) for _ in range(count)]

    def arise(self) -> int:
        """One job for each gig; how many wait."""
        for gig in self.gigs:
            make_application(gig=gig, doer=make_doer())
        return OutboxDelivery.objects.filter(status="pending").count()

    def caught_up(self) -> str:
        """Wait until each was done, and see that it was done once."""
        self.world.wait(self._is_done, "every job was done")
        self.world.note("slowest to catch up", took := self.world.since())
        if took > RESUMED:
            raise Wrong(f"the jobs were done {took:.0f} s after, and {RESUMED:.0f} s is right")
        told = Notification.objects.filter(user=self.client, kind="new_application")
        equal(
            "notifications, and gigs that they are about", (told.count(), len(self._gigs(told))), (len(self.gigs),) * 2
        )
        return f"all done once, {took:.1f} s after"

    def _is_done(self) -> bool:
        return delivered(self.gigs) and len(self._gigs(Notification.objects.filter(user=self.client))) == len(self.gigs)

    @staticmethod
    def _gigs(told: Any) -> set[str]:
        return {one.data["gigId"] for one in told if one.kind == "new_application"}


def jobs_wait(world: World) -> Looks:
    """Nothing is done while the fault lasts, and everything once after it."""
    jobs = Jobs(world)
    yield ""
    waiting = jobs.arise()
    yield f"{waiting} jobs wait"
    return jobs.caught_up()


def jobs_retried(world: World) -> Looks:
    """The database goes away in the middle of the work."""
    jobs = Jobs(world, count=30)
    waiting = jobs.arise()
    yield ""
    yield f"{waiting} jobs were under way"
    world.web_is_back()
    return jobs.caught_up()


def same_key(world: World) -> Looks:
    """A withdrawal that a worker sends again is one at the bank."""
    money = Money(world)
    yield ""
    answer = world.expect(money.withdraw, {201}, within=MONEY_WITHOUT_GATEWAY)
    payout_id = UUID(answer.data["id"])
    attempts = GatewayAttempt.objects.filter(subject_id=payout_id)
    world.wait(lambda: attempts.filter(calls__gt=0).exists(), "a worker has asked the gateway")
    yield f"withdrawn: {answer}; the gateway was asked, and has not answered"
    world.wait(lambda: Payout.objects.get(pk=payout_id).status == "processed", "it is processed", within=150)
    equal("keys", [attempt.key for attempt in attempts], [payout_id])
    equal("payouts at the bank", money.at_the_bank(payout_id), 1)
    return f"asked {attempts[0].calls} times with one key, processed once, {world.since():.1f} s after"
