"""Gigs, applications and orders of the demo data, walked to their states through the services."""

from datetime import timedelta
from itertools import cycle
from typing import Any

import httpx
from django.conf import settings

from accounts.models import User
from gigs import services as gigs
from gigs.models import Application, Gig
from khidma.kernel.clock import now
from operations.seeding.catalogue import GIGS
from orders import services as orders
from orders.models import Order
from payments import services as payments

COVER_LETTERS = [
    "I have done this several times and can begin tomorrow. Happy to show earlier work.",
    "This is what I study, and I would like to do it well. I answer messages quickly.",
    "I live nearby, I am careful and on time. References on request.",
]
STAGES = ["placed", "funded", "submitted", "revised", "completed", "completed"]
"""How far each of the first orders goes."""


def seed_gigs(clients: list[User]) -> list[Gig]:
    """Two open gigs for each category, spread over the clients."""
    owners = cycle(clients)
    return [
        gigs.post_gig(
            client=next(owners),
            category=category,
            title=title,
            description=description,
            budget_min=low,
            budget_max=high,
            skills=skills,
            deadline=now() + timedelta(days=10 + index % 14),
        )
        for index, (category, title, description, low, high, skills) in enumerate(GIGS)
    ]


def seed_applications(posted: list[Gig], doers: list[User]) -> list[Application]:
    """Two doers apply for each gig; the first one's application is answered below."""
    first = []
    for index, gig in enumerate(posted):
        for turn in range(2):
            application = gigs.apply_to_gig(
                gig=gig,
                doer=doers[(index * 2 + turn) % len(doers)],
                cover_letter=COVER_LETTERS[(index + turn) % len(COVER_LETTERS)],
                proposed_amount=gig.budget_min + turn * 10_000,
                estimated_days=3 + turn,
            )
            if turn == 0:
                first.append(application)
    return first


def seed_orders(applications: list[Application], *, gateway: bool) -> None:
    """The first applications become orders; with the stand-in up they are paid and go on to their stages."""
    for application, stage in zip(applications, STAGES, strict=False):
        order = orders.accept_application(application=application, client=application.gig.client)
        if gateway and stage != "placed":
            _walk(order, stage)


def _walk(order: Order, stage: str) -> None:
    _pay(order)
    if stage == "funded":
        return
    order = orders.submit_work(order=order, doer=order.doer, message="Here is my work. I hope you like it.")
    if stage == "revised":
        orders.request_revision(order=order, client=order.client, message="Very good. One small change, please.")
    elif stage == "completed":
        orders.approve_work(order=order, client=order.client)


def _pay(order: Order) -> None:
    """Pay at the stand-in as a customer would, and hand the signature in."""
    payment = orders.prepare_payment(order=order, client=order.client)
    payment = payments.open_gateway_order(payment_id=payment.pk)
    paid = _stand_in(
        "POST", f"/_sandbox/orders/{payment.gateway_order_id}/pay", {"outcome": "success", "method": "upi"}
    )
    orders.verify_payment(
        payment=payment,
        client=order.client,
        gateway_payment_id=paid["razorpay_payment_id"],
        signature=paid["razorpay_signature"],
    )


def is_stand_in_up() -> bool:
    """Whether the gateway that is configured is the stand-in, and answers."""
    try:
        return bool(_stand_in("GET", "/_sandbox/ledger"))
    except httpx.HTTPError:
        return False


def _stand_in(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    with httpx.Client(base_url=settings.RAZORPAY_BASE_URL, timeout=10, trust_env=False) as client:
        response = client.request(method, path, json=body)
    response.raise_for_status()
    return response.json()
