"""Contests about sessions, codes, keys, applications and reviews."""

from collections.abc import Iterator, Sequence

from accounts.models import CodePurpose, OneTimeCode, RefreshToken, Session, SignInMethod, User
from accounts.runtime import AccountSettings
from accounts.services import begin_session
from accounts.services.codes import issue_code
from accounts.tests.factories import next_phone
from gigs.models import Application, Gig
from gigs.tests.factories import gig_terms, make_application, make_gig
from khidma.kernel.ids import new_id
from orders.models import Order
from orders.models import Review as StoredReview
from payments.models import Escrow, Payment
from verify.market import announced, as_json
from verify.races.contest import Contest, all_same, equal, kinds, one_wins, only
from verify.volley import Reply, Shot


class Accept(Contest):
    """One application is accepted by many; in every other round two applications of one gig."""

    name = "accept"

    def prepare(self) -> None:
        self.gig = make_gig(client=self.stage.client)
        doers = [self.stage.doer, self.stage.other_doer][: 1 + self.number % 2]
        self.applications = [make_application(gig=self.gig, doer=doer) for doer in doers]

    def shots(self, callers: int) -> list[Shot]:
        token, few = self.stage.token(self.stage.client), self.applications
        paths = [f"/api/applications/{few[number % len(few)].pk}/accept" for number in range(callers)]
        return [Shot("POST", path, {}, token) for path in paths]

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from one_wins(replies, 201, "application_already_decided", "gig_not_open")
        orders = Order.objects.filter(gig=self.gig)
        yield from equal("orders of the gig", orders.count(), 1)
        yield from equal("accepted", Application.objects.filter(gig=self.gig, status="accepted").count(), 1)
        yield from equal("OrderPlaced", announced("OrderPlaced", gig_id=self.gig.pk), 1)
        for order in orders:
            yield from equal("escrows", Escrow.objects.filter(reference=order.pk).count(), 1)
            yield from equal("payments", Payment.objects.filter(items__escrow__reference=order.pk).count(), 1)


class Refresh(Contest):
    """One refresh token is handed in by many: all get the same successor."""

    name = "refresh token"

    def prepare(self) -> None:
        self.tokens = begin_session(user=self.stage.client, method=SignInMethod.OTP)

    def shots(self, callers: int) -> list[Shot]:
        return [Shot("POST", "/api/auth/refresh", {"refreshToken": self.tokens.refresh_token})] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from only(replies, {(200, "")})
        yield from all_same(replies, "refreshToken")
        session = Session.objects.get(pk=self.tokens.session.pk)
        yield from equal("tokens of the session", RefreshToken.objects.filter(session=session).count(), 2)
        yield from equal("the session ended", session.ended_at, None)


class Code(Contest):
    """One login code is handed in by many; in every other round wrong ones, of which five are too many."""

    name = "OTP"

    def prepare(self) -> None:
        self.phone = next_phone()
        self.row, self.code = issue_code(purpose=CodePurpose.SIGN_IN, target=self.phone)
        self.is_right = self.number % 2 == 0
        self.wrong = f"{(int(self.code) + 1) % 1_000_000:06d}"

    def shots(self, callers: int) -> list[Shot]:
        said = self.code if self.is_right else self.wrong
        return [Shot("POST", "/api/auth/verify-otp", {"phone": self.phone, "otp": said})] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        refused = {(400, "invalid_otp"), (401, "invalid_otp"), (429, "otp_locked")}
        yield from only(replies, {(200, ""), *refused})
        yield from equal("let in", kinds(replies)[200, ""], int(self.is_right))
        users = User.objects.filter(phone=self.phone)
        yield from equal("users", users.count(), int(self.is_right))
        yield from equal("sessions", Session.objects.filter(user__phone=self.phone).count(), int(self.is_right))
        tries = OneTimeCode.objects.get(pk=self.row.pk).tries
        most = AccountSettings.load().code_tries
        if not self.is_right:
            yield from equal("tries counted", tries, most)
            body = {"phone": self.phone, "otp": self.code}
            late = self.stage.api.post("/api/auth/verify-otp", json=body)
            if late.status_code == 200:
                yield "the right code still opened after too many wrong ones"
        elif not 1 <= tries <= most:
            yield f"{tries} tries counted of a code that {most} tries kill"


class IdempotencyKey(Contest):
    """One key is used by many; in every other round with two bodies, of which one gets through."""

    name = "idempotency key"

    def prepare(self) -> None:
        terms = gig_terms()
        self.titles = [f"Contested {new_id()}" for _ in range(1 + self.number % 2)]
        self.bodies = [
            {
                "kind": "remote",
                "title": title,
                "description": terms["description"],
                "category": terms["category"],
                "skills": [],
                "budgetType": "fixed",
                "budgetMin": terms["budget_min"],
                "budgetMax": terms["budget_max"],
                "deadline": int(terms["deadline"].timestamp() * 1000),
                "status": "open",
            }
            for title in self.titles
        ]
        make_gig(client=self.stage.client)

    def shots(self, callers: int) -> list[Shot]:
        token, key = self.stage.token(self.stage.client), {"Idempotency-Key": str(new_id())}
        bodies = [self.bodies[number % len(self.bodies)] for number in range(callers)]
        return [Shot("POST", "/api/gigs", body, token, key) for body in bodies]

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        created = [reply for reply in replies if reply.status == 201]
        yield from only(replies, {(201, ""), (409, "idempotency_conflict")})
        yield from equal("answered with the gig", len(created), len(replies) // len(self.bodies))
        yield from equal("different answers", len({as_json(reply.body) for reply in created}), 1)
        first = [reply for reply in created if "idempotent-replayed" not in reply.headers]
        yield from equal("answers that are no replay", len(first), 1)
        yield from equal("gigs", Gig.objects.filter(title__in=self.titles).count(), 1)


class Review(Contest):
    """One side reviews the other many times at once."""

    name = "review"

    def prepare(self) -> None:
        self.order = self.stage.completed()
        self.author = [self.stage.client, self.stage.doer][self.number % 2]

    def shots(self, callers: int) -> list[Shot]:
        token = self.stage.token(self.author)
        bodies = [
            {"orderId": str(self.order.pk), "rating": 1 + number % 5, "comment": f"Opinion {number}"}
            for number in range(callers)
        ]
        return [Shot("POST", "/api/reviews", body, token) for body in bodies]

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from one_wins(replies, 201, "already_reviewed")
        yield from equal("reviews", StoredReview.objects.filter(order=self.order).count(), 1)


PEOPLE: list[type[Contest]] = [Accept, Refresh, Code, IdempotencyKey, Review]
