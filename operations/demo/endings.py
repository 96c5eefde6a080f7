"""What else happens to money in the demo: orders that end early, and a gig that is shown first."""

import asyncio
import time
from typing import Any

from khidma.kernel.money import rupees
from operations.demo.flow import Flow
from operations.demo.phone import PATIENCE, PAUSE, DemoFailed


async def play_endings(flow: Flow) -> None:
    """An order cancelled after its payment, one in milestones cancelled halfway, and a boost."""
    await cancel_with_refund(flow)
    await cancel_in_milestones(flow)
    await boost(flow)


async def cancel_with_refund(flow: Flow) -> None:
    """The client pays, thinks again before work has begun, looks at the quote and gets everything back."""
    order = await flow.agree()
    payment = await flow.pay(order)
    path = f"/api/orders/{order['id']}"
    quote = await flow.client.call("GET", f"{path}/cancellation-quote?reason=changed_mind")
    cancelled = await _cancel(flow, path, quote)
    if (cancelled["status"], cancelled["refundedAmount"]) != ("cancelled", order["amount"]):
        raise DemoFailed(f"The cancelled order is {cancelled['status']}, refunded {cancelled['refundedAmount']}.")
    await flow.doer.hear("NOTIFICATION", type="order_cancelled")
    await flow.client.until(f"/api/payments/{payment}", status="refunded")
    flow.done(f"cancelled before work began: refund of {rupees(quote['clientRefund'])} processed")


async def cancel_in_milestones(flow: Flow) -> None:
    """All milestones are paid, the first is approved, and the doer gives the rest up: it goes back to the client."""
    due = int((time.time() + 5 * 86_400) * 1000)
    amounts = [60_005, 70_005, 80_005]
    steps = [{"title": f"Part {number}", "amount": amount, "dueAt": due} for number, amount in enumerate(amounts, 1)]
    order = await flow.agree("milestone", proposedAmount=sum(amounts), milestones=steps)
    payment = await flow.pay(order)
    path, first = f"/api/orders/{order['id']}", order["milestones"][0]["id"]
    await flow.doer.call("POST", f"{path}/milestones/{first}/submit", {"message": "The first part."})
    await flow.client.call("POST", f"{path}/milestones/{first}/approve", {})
    await flow.doer.call("POST", f"{path}/cancel", {"reason": "other", "comment": "I cannot do the rest."})
    ended = await flow.client.call("GET", path)
    states = [part["status"] for part in ended["milestones"]]
    if (ended["status"], states) != ("completed", ["approved", "refunded", "refunded"]):
        raise DemoFailed(f"The order in milestones is {ended['status']}: {states}.")
    if (ended["refundedAmount"], ended["cancellationFault"]) != (sum(amounts[1:]), "doer"):
        raise DemoFailed(f"Of the milestones {ended['refundedAmount']} went back, not {sum(amounts[1:])}.")
    await flow.client.until(f"/api/payments/{payment}", status="partially_refunded")
    await _refunds_processed(flow, payment, 2)
    flow.done(f"milestones given up halfway: {rupees(ended['refundedAmount'])} refunded, the first one stays paid")


async def boost(flow: Flow) -> None:
    """The client pays for three days in which a gig is shown before the others."""
    gig = await flow.post_gig()
    due = await flow.client.call("POST", f"/api/gigs/{gig['id']}/boost", {"days": 3})
    await flow.check_out_and_verify(due["razorpayOrderId"])
    shown = await flow.client.until(f"/api/gigs/{gig['id']}", isBoosted=True)
    listed = await flow.doer.call("GET", "/api/gigs?limit=1")
    if not listed[0]["isBoosted"] or not shown["boostedUntil"]:
        raise DemoFailed("The list does not begin with a boosted gig.")
    flow.done(f"boosted for {rupees(due['amount'])}: the list begins with it")


async def _cancel(flow: Flow, path: str, quote: dict[str, Any]) -> dict[str, Any]:
    body = {"reason": "changed_mind", "quoteId": quote["id"]}
    cancelled: dict[str, Any] = await flow.client.call("POST", f"{path}/cancel", body)
    return cancelled


async def _refunds_processed(flow: Flow, payment: str, count: int) -> None:
    for _ in range(int(PATIENCE / PAUSE)):
        refunds = (await flow.client.call("GET", f"/api/payments/{payment}"))["refunds"]
        if [refund["status"] for refund in refunds] == ["processed"] * count:
            return
        await asyncio.sleep(PAUSE)
    raise DemoFailed(f"The {count} refunds of payment {payment} were not processed.")
