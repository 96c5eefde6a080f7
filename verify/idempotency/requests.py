"""A request for every unsafe operation of the OpenAPI document, each on ground of its own, prepared by services."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.models import CodePurpose, User
from accounts.services.codes import issue_code
from accounts.tests.factories import make_client, make_doer, make_operator, next_phone
from gigs import services as gigs
from gigs.tests.factories import make_application, make_category, make_gig
from messaging.tests.factories import make_conversation, parties, say
from notifications.tests.factories import make_notification, make_push_token
from orders import services as orders
from orders.models import Order
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_milestone_order,
    make_order,
    make_submitted_order,
)
from orders.tests.test_cancelling import make_begun_order
from payments import services as payments
from payments.selectors import escrow_of
from payments.tests.factories import make_bank_account, make_payout
from sandbox.testing import StandIn
from trust_safety import services as trust_safety

Body = dict[str, Any] | None
DAY = 86_400


@dataclass
class Case:
    """One request that must go well once, and who else might try its key.

    After a crash, tables of `comes_again` may rightly have more rows (what is sent at least once), and those of
    `comes_later` fewer (what another operation or a sweep makes up for).
    """

    user: User
    path: str
    body: Body = None
    other: User | None = None
    comes_again: set[str] = field(default_factory=set)
    comes_later: set[str] = field(default_factory=set)


Maker = Callable[[StandIn], Case]
MAKERS: dict[str, Maker] = {}


def case(operation: str) -> Callable[[Maker], Maker]:
    """This function makes the ground for the operation, called by method and path as in the document."""

    def register(maker: Maker) -> Maker:
        MAKERS[operation] = maker
        return maker

    return register


def soon(days: int = 7) -> int:
    """A moment of the wire."""
    return int((time.time() + days * DAY) * 1000)


# People


@case("PATCH /api/users/me")
def change_profile(gateway: StandIn) -> Case:
    return Case(make_client(), "/api/users/me", {"bio": "Tea and logos."}, make_client())


@case("POST /api/users/{userId}/block")
def block(gateway: StandIn) -> Case:
    return Case(make_client(), f"/api/users/{make_doer().pk}/block", None, make_client())


@case("DELETE /api/users/{userId}/block")
def unblock(gateway: StandIn) -> Case:
    from accounts.services import block_user

    user, blocked = make_client(), make_doer()
    block_user(blocker=user, blocked=blocked)
    return Case(user, f"/api/users/{blocked.pk}/block", None, make_client())


@case("POST /api/users/me/phone")
def change_phone(gateway: StandIn) -> Case:
    codes = {"accounts_onetimecode", "delivery_outboxmessage"}
    return Case(make_client(), "/api/users/me/phone", {"phone": next_phone()}, make_client(), comes_again=codes)


@case("POST /api/users/me/phone/verify")
def confirm_phone(gateway: StandIn) -> Case:
    user = make_client()
    _, old = issue_code(purpose=CodePurpose.OLD_PHONE, target=str(user.phone), user=user)
    _, new = issue_code(purpose=CodePurpose.NEW_PHONE, target=next_phone(), user=user)
    return Case(user, "/api/users/me/phone/verify", {"oldCode": old, "newCode": new}, make_client())


@case("PUT /api/settings/{category}")
def change_settings(gateway: StandIn) -> Case:
    body = {"unpaidHours": secrets.choice(range(20, 40))}
    return Case(make_operator(), "/api/settings/payments", body, make_operator())


# Gigs and applications


@case("POST /api/gigs")
def post_gig(gateway: StandIn) -> Case:
    make_category("design")
    body = {
        "title": "Logo for a small bakery",
        "description": "A friendly logo for a new bakery in town, as a vector file.",
        "category": "design",
        "budgetMin": 200_000,
        "budgetMax": 500_000,
        "deadline": soon(),
    }
    return Case(make_client(), "/api/gigs", body, make_client())


def of_gig(path: str = "", body: Body = None) -> Case:
    gig = make_gig()
    return Case(gig.client, f"/api/gigs/{gig.pk}{path}", body, make_client())


@case("PATCH /api/gigs/{gigId}")
def change_gig(gateway: StandIn) -> Case:
    return of_gig(body={"title": "Logo and sign for a bakery"})


@case("DELETE /api/gigs/{gigId}")
def delete_gig(gateway: StandIn) -> Case:
    return of_gig()


@case("POST /api/gigs/{gigId}/close")
def close_gig(gateway: StandIn) -> Case:
    return of_gig("/close")


@case("POST /api/gigs/{gigId}/cancel")
def cancel_gig(gateway: StandIn) -> Case:
    return of_gig("/cancel", {"reason": "The bakery will not open."})


@case("POST /api/gigs/{gigId}/reopen")
def reopen_gig(gateway: StandIn) -> Case:
    gig = make_gig()
    gigs.close_gig(gig=gig, client=gig.client)
    return Case(gig.client, f"/api/gigs/{gig.pk}/reopen", {"deadline": soon(14)}, make_client())


@case("POST /api/gigs/{gigId}/save")
def save_gig(gateway: StandIn) -> Case:
    return Case(make_doer(), f"/api/gigs/{make_gig().pk}/save", None, make_doer())


@case("DELETE /api/gigs/{gigId}/save")
def forget_gig(gateway: StandIn) -> Case:
    gig, user = make_gig(), make_doer()
    gigs.save_gig(gig=gig, user=user)
    return Case(user, f"/api/gigs/{gig.pk}/save", None, make_doer())


@case("POST /api/gigs/{gigId}/applications")
def apply(gateway: StandIn) -> Case:
    body = {"coverLetter": "I have drawn many logos and would like this one.", "proposedAmount": 200_000}
    return Case(make_doer(), f"/api/gigs/{make_gig().pk}/applications", body, make_doer())


def of_application(by: str, path: str = "", body: Body = None) -> Case:
    application = make_application()
    user = application.gig.client if by == "client" else application.doer
    other = make_client() if by == "client" else make_doer()
    return Case(user, f"/api/applications/{application.pk}{path}", body, other)


@case("PATCH /api/applications/{applicationId}")
def change_application(gateway: StandIn) -> Case:
    return of_application("doer", body={"coverLetter": "I have drawn many logos, and signs as well."})


@case("POST /api/applications/{applicationId}/withdraw")
def withdraw_application(gateway: StandIn) -> Case:
    return of_application("doer", "/withdraw")


@case("POST /api/applications/{applicationId}/shortlist")
def shortlist(gateway: StandIn) -> Case:
    return of_application("client", "/shortlist")


@case("DELETE /api/applications/{applicationId}/shortlist")
def unshortlist(gateway: StandIn) -> Case:
    application = make_application()
    gigs.shortlist_application(application=application, client=application.gig.client)
    path = f"/api/applications/{application.pk}/shortlist"
    return Case(application.gig.client, path, None, make_client())


@case("POST /api/applications/{applicationId}/reject")
def reject(gateway: StandIn) -> Case:
    return of_application("client", "/reject", {"reason": "Too dear."})


@case("POST /api/applications/{applicationId}/revive")
def revive(gateway: StandIn) -> Case:
    application = make_application()
    gigs.reject_application(application=application, client=application.gig.client)
    return Case(application.doer, f"/api/applications/{application.pk}/revive", None, make_doer())


@case("POST /api/applications/{applicationId}/accept")
def accept(gateway: StandIn) -> Case:
    ground = of_application("client", "/accept", {})
    ground.comes_later = {"payments_gatewayattempt"}  # the order to pay with, which create-order asks for as well
    return ground


# Orders


def of_order(order: Order, by: str, path: str, body: Body = None) -> Case:
    user, other = (order.client, make_client()) if by == "client" else (order.doer, make_doer())
    return Case(user, f"/api/orders/{order.pk}{path}", body, other)


@case("POST /api/orders/{orderId}/start")
def start(gateway: StandIn) -> Case:
    order = make_funded_order(kind="on_site", category="cleaning")
    return of_order(order, "doer", "/start", {"code": order.start_code})


@case("POST /api/orders/{orderId}/submit")
def submit(gateway: StandIn) -> Case:
    return of_order(make_funded_order(), "doer", "/submit", {"message": "Here is the work."})


@case("POST /api/orders/{orderId}/request-revision")
def request_revision(gateway: StandIn) -> Case:
    return of_order(make_submitted_order(), "client", "/request-revision", {"message": "More gold.", "extraDays": 1})


@case("POST /api/orders/{orderId}/approve")
def approve(gateway: StandIn) -> Case:
    return of_order(make_submitted_order(), "client", "/approve", {})


@case("POST /api/orders/{orderId}/cancel")
def cancel(gateway: StandIn) -> Case:
    return of_order(make_funded_order(), "client", "/cancel", {"reason": "changed_mind"})


def of_milestone(by: str, path: str, body: Body = None, *, submitted: bool = True) -> Case:
    order = make_milestone_order(funded=True)
    first = order.milestones.order_by("position")[0]
    if submitted:
        orders.submit_milestones(order=order, doer=order.doer, message="The first part.", only=first.pk)
    return of_order(order, by, f"/milestones/{first.pk}{path}", body)


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/submit")
def submit_milestone(gateway: StandIn) -> Case:
    return of_milestone("doer", "/submit", {"message": "The first part."}, submitted=False)


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/request-revision")
def request_milestone_revision(gateway: StandIn) -> Case:
    return of_milestone("client", "/request-revision", {"message": "More gold."})


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/approve")
def approve_milestone(gateway: StandIn) -> Case:
    return of_milestone("client", "/approve", {})


@case("POST /api/admin/orders/{orderId}/refund")
def refund_order(gateway: StandIn) -> Case:
    path = f"/api/admin/orders/{make_funded_order().pk}/refund"
    return Case(make_operator("finance"), path, {"amount": 50_000, "reason": "As agreed."}, make_operator("finance"))


def contestable() -> Order:
    """An order that its client has cancelled by blaming the doer, so that a part of it is kept."""
    order = make_begun_order()
    return orders.cancel_order(order=order, actor=order.client, reason="doer_unreachable")


@case("POST /api/orders/{orderId}/cancellation/contest")
def contest(gateway: StandIn) -> Case:
    return of_order(contestable(), "doer", "/cancellation/contest", {"reason": "I answered every message."})


@case("POST /api/admin/cancellations/{cancellationId}/resolve")
def resolve(gateway: StandIn) -> Case:
    order = contestable()
    trust_safety.contest_cancellation(order=order, party=order.doer, reason="I answered every message.")
    path = f"/api/admin/cancellations/{order.cancellation.pk}/resolve"
    body = {"fault": "client", "reason": "The messages show that the doer answered."}
    return Case(make_operator("trust"), path, body, make_operator("trust"))


@case("POST /api/reviews")
def review(gateway: StandIn) -> Case:
    order = make_completed_order()
    body = {"orderId": str(order.pk), "rating": 5, "comment": "Good work."}
    return Case(order.client, "/api/reviews", body, make_client())


@case("POST /api/reviews/{reviewId}/reply")
def reply(gateway: StandIn) -> Case:
    order = make_completed_order()
    written = orders.write_review(order=order, author=order.client, rating=4)
    orders.write_review(order=order, author=order.doer, rating=5)
    return Case(order.doer, f"/api/reviews/{written.pk}/reply", {"text": "Thank you."}, make_doer())


# Money


@case("POST /api/gigs/{gigId}/boost")
def boost(gateway: StandIn) -> Case:
    return of_gig("/boost", {"days": 3})


@case("PUT /api/doers/me/tax-profile")
def set_tax_profile(gateway: StandIn) -> Case:
    body = {"panStatus": "individual", "state": "29"}
    return Case(make_doer(), "/api/doers/me/tax-profile", body, make_doer())


@case("PUT /api/wallet/auto-payout")
def choose_auto_payout(gateway: StandIn) -> Case:
    body = {"enabled": True, "weekday": "friday", "minimum": 50_000}
    return Case(make_doer(), "/api/wallet/auto-payout", body, make_doer())


@case("POST /api/payments/create-order")
def create_order(gateway: StandIn) -> Case:
    order = make_order()
    return Case(order.client, "/api/payments/create-order", {"orderId": str(order.pk)}, make_client())


@case("POST /api/payments/verify")
def verify(gateway: StandIn) -> Case:
    order = make_order()
    escrow = escrow_of(order.pk)
    payment = payments.start_payment(payer=order.client, references=[escrow.reference], purpose="order")
    payment = payments.open_gateway_order(payment_id=payment.pk)
    paid = gateway.pay(str(payment.gateway_order_id), outcome="success", method="upi")
    body = {name: value for name, value in paid.items() if name.startswith("razorpay_")}
    return Case(order.client, "/api/payments/verify", body, make_client())


@case("POST /api/bank-accounts")
def add_bank_account(gateway: StandIn) -> Case:
    number = f"{secrets.randbelow(10**11) + 10**11}"
    body = {"holderName": "Ravi Kumar", "accountNumber": number, "ifsc": "HDFC0000053"}
    return Case(make_doer(), "/api/bank-accounts", body, make_doer())


@case("DELETE /api/bank-accounts/{bankAccountId}")
def remove_bank_account(gateway: StandIn) -> Case:
    user = make_doer()
    return Case(user, f"/api/bank-accounts/{make_bank_account(user).pk}", None, make_doer())


@case("POST /api/bank-accounts/{bankAccountId}/default")
def make_default(gateway: StandIn) -> Case:
    user = make_doer()
    make_bank_account(user)
    return Case(user, f"/api/bank-accounts/{make_bank_account(user).pk}/default", None, make_doer())


@case("POST /api/bank-accounts/{bankAccountId}/verify")
def verify_bank_account(gateway: StandIn) -> Case:
    user = make_doer()
    number = f"{secrets.randbelow(10**11) + 10**11}"
    account = payments.add_bank_account(user=user, holder_name="Ravi Kumar", account_number=number, ifsc="HDFC0000053")
    return Case(user, f"/api/bank-accounts/{account.pk}/verify", {}, make_doer())


@case("POST /api/wallet/withdraw")
def withdraw(gateway: StandIn) -> Case:
    order = make_completed_order()
    make_bank_account(order.doer)
    return Case(order.doer, "/api/wallet/withdraw", {"amount": 100_000}, make_doer())


@case("POST /api/wallet/payouts/{payoutId}/cancel")
def cancel_payout(gateway: StandIn) -> Case:
    user = make_doer()
    return Case(user, f"/api/wallet/payouts/{make_payout(user).pk}/cancel", None, make_doer())


@case("POST /api/admin/payouts/{payoutId}/hold")
def hold_payout(gateway: StandIn) -> Case:
    path = f"/api/admin/payouts/{make_payout(make_doer()).pk}/hold"
    return Case(make_operator("finance"), path, {"reason": "Odd."}, make_operator("finance"))


@case("POST /api/admin/payouts/{payoutId}/approve")
def approve_payout(gateway: StandIn) -> Case:
    payout = make_payout(make_doer())
    payments.hold_payout(payout=payout, operator=make_operator("finance"), reason="Odd.")
    path = f"/api/admin/payouts/{payout.pk}/approve"
    return Case(make_operator("finance"), path, {"reason": "Asked; all well."}, make_operator("finance"))


# Talking and telling


@case("POST /api/conversations/{conversationId}/messages")
def send_message(gateway: StandIn) -> Case:
    conversation = make_conversation()
    path = f"/api/conversations/{conversation.pk}/messages"
    return Case(parties(conversation)[0], path, {"text": "Namaste!"}, make_client())


@case("POST /api/conversations/{conversationId}/read")
def read_conversation(gateway: StandIn) -> Case:
    conversation = make_conversation()
    client, doer = parties(conversation)
    body = {"messageId": str(say(conversation, doer).pk)}
    return Case(client, f"/api/conversations/{conversation.pk}/read", body, make_client())


@case("POST /api/web-chat/messages")
def write_to_support(gateway: StandIn) -> Case:
    return Case(make_client(), "/api/web-chat/messages", {"text": "Where is my money?"}, make_client())


@case("PUT /api/notifications/{notificationId}/read")
def read_notification(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"/api/notifications/{make_notification(user).pk}/read", None, make_client())


@case("PUT /api/notifications/read-all")
def read_all(gateway: StandIn) -> Case:
    user = make_client()
    make_notification(user)
    return Case(user, "/api/notifications/read-all", None, make_client())


@case("POST /api/notifications/tokens")
def register_token(gateway: StandIn) -> Case:
    body = {"token": f"device-{secrets.token_hex(6)}", "platform": "android"}
    return Case(make_client(), "/api/notifications/tokens", body, make_client())


@case("DELETE /api/notifications/tokens/{tokenId}")
def remove_token(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"/api/notifications/tokens/{make_push_token(user).pk}", None, make_client())
