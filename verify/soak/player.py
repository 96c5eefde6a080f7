"""One of the sixteen: a client and a doer who make deals of every kind until the time is over."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from verify.proof import Run
from verify.soak.log import Deal, Log, Withdrawal
from verify.soak.phone import GaveUp, Phone, Refused, Stuck

PATIENCE = 150.0
PAUSE = 0.5
DAY = 86_400
CLIENT: dict[str, Any] = {"roles": ["client"]}
DOER: dict[str, Any] = {
    "roles": ["doer"],
    "university": "Delhi University",
    "course": "B.Com",
    "year": 2,
    "graduationYear": 2028,
}
LIMIT_REACHED = {"payout_limit_reached"}


class Player:
    """Two phones, one deal at a time."""

    def __init__(self, run: Run, log: Log, number: int, url: str, gateway_url: str) -> None:
        self.run, self.log, self.gateway_url = run, log, gateway_url
        self.random = random.Random(f"{run.seed} {number}")
        self.client = Phone(run, log, url, f"+9198{run.seed % 1000:03d}0{number:04d}", self.random)
        self.doer = Phone(run, log, url, f"+9198{run.seed % 1000:03d}1{number:04d}", self.random)
        self._bank_account = ""
        self._no_more_payouts = False

    async def arrive(self) -> None:
        """Both log in and complete their profiles; the doer's bank account is checked."""
        for phone, name, more in ((self.client, "Asha Rao", CLIENT), (self.doer, "Ravi Kumar", DOER)):
            await phone.log_in_patiently()
            mail = f"{phone.number[1:]}@example.com"
            await phone.surely("PATCH", "/api/users/me", {"name": name, "email": mail, **more})
            self.log.users[phone.user_id] = phone.number
        number = f"{self.random.randrange(10**9, 10**10)}1"
        account = {"holderName": "Ravi Kumar", "accountNumber": number, "ifsc": "HDFC0000053"}
        self._bank_account = (await self.doer.surely("POST", "/api/bank-accounts", account))["id"]
        await self.doer.surely("POST", f"/api/bank-accounts/{self._bank_account}/verify", {})
        await self._until(self._account_is_verified, "the bank account is verified")

    async def play(self, is_over: Callable[[], bool]) -> None:
        """One deal after another."""
        kinds: list[Callable[[Deal], Awaitable[None]]] = [
            self.at_a_fixed_price,
            self.by_the_hour,
            self.in_milestones,
            self.cancelled_before_payment,
            self.cancelled_after_payment,
        ]
        weights = [4, 3, 2, 1, 2]
        while not is_over():
            flow = self.random.choices(kinds, weights)[0]
            deal = Deal(f"m{uuid4().hex[:12]}", flow.__name__, self.client.user_id, self.doer.user_id)
            self.log.deals.append(deal)
            await self._tried(flow(deal), deal)
            if self._bank_account and not self._no_more_payouts and self.random.random() < 0.4:
                await self._tried(self.withdraw(), deal)

    async def _tried(self, what: Awaitable[None], deal: Deal) -> None:
        try:
            await what
            deal.ended = "played"
        except GaveUp:
            deal.ended = "given up"
        except (Refused, Stuck, KeyError) as error:
            deal.ended = repr(error)
            self.run.violation(f"{deal.kind} {deal.mark} after {deal.told}: {error!r}")

    async def close(self) -> None:
        await self.client.close()
        await self.doer.close()

    # The kinds of deals

    async def at_a_fixed_price(self, deal: Deal) -> None:
        order = await self.agree(deal, "fixed", proposedAmount=self.random.randrange(20_000, 250_000))
        deal.gross = order["amount"]
        await self.pay(deal)
        await self.step(deal, "submit", self.doer, f"/api/orders/{deal.order_id}/submit", {"message": "Done."})
        if self.random.random() < 0.3:
            path = f"/api/orders/{deal.order_id}/request-revision"
            await self.step(deal, "revise", self.client, path, {"message": "A little more gold, please."})
            await self.step(deal, "submit", self.doer, f"/api/orders/{deal.order_id}/submit", {"message": "More gold."})
        await self.approve(deal)

    async def by_the_hour(self, deal: Deal) -> None:
        rate, hours = self.random.randrange(20_000, 60_000), self.random.randrange(1, 5)
        order = await self.agree(deal, "hourly", proposedAmount=rate, agreedHours=hours)
        minutes = self.random.randrange(1, hours * 60)
        deal.gross = (rate * minutes * 2 + 60) // 120  # half up
        deal.refunded = order["amount"] - deal.gross
        if 0 < deal.refunded < 100:  # below the gateway's minimum: the doer's
            deal.gross, deal.refunded = order["amount"], 0
        await self.pay(deal)
        body = {"message": "Less than I thought.", "minutesWorked": minutes}
        await self.step(deal, "submit", self.doer, f"/api/orders/{deal.order_id}/submit", body)
        await self.approve(deal)

    async def in_milestones(self, deal: Deal) -> None:
        amounts = [self.random.randrange(20_000, 60_000) for _ in range(3)]
        due = int((time.time() + 5 * DAY) * 1000)
        parts = [{"title": f"Part {n}", "amount": amount, "dueAt": due} for n, amount in enumerate(amounts, 1)]
        order = await self.agree(deal, "milestone", proposedAmount=sum(amounts), milestones=parts)
        first = order["milestones"][0]["id"]
        deal.gross = sum(amounts)
        await self.pay(deal, milestoneId=first)
        path = f"/api/orders/{deal.order_id}"
        await self.step(deal, "submit first", self.doer, f"{path}/milestones/{first}/submit", {"message": "The first."})
        await self.step(deal, "approve first", self.client, f"{path}/milestones/{first}/approve", {})
        await self.pay(deal)
        await self.step(deal, "submit", self.doer, f"{path}/submit", {"message": "All that is left."})
        await self.approve(deal)

    async def cancelled_before_payment(self, deal: Deal) -> None:
        await self.agree(deal, "fixed", proposedAmount=self.random.randrange(20_000, 250_000))
        body = {"reason": "changed_mind"}
        await self.step(deal, "cancel", self.client, f"/api/orders/{deal.order_id}/cancel", body)

    async def cancelled_after_payment(self, deal: Deal) -> None:
        """Within the first hours the client gets everything back."""
        order = await self.agree(deal, "fixed", proposedAmount=self.random.randrange(20_000, 250_000))
        deal.refunded = order["amount"]
        await self.pay(deal)
        body = {"reason": "changed_mind"}
        await self.step(deal, "cancel", self.client, f"/api/orders/{deal.order_id}/cancel", body)

    # Their steps

    async def step(self, deal: Deal, name: str, phone: Phone, path: str, body: Any) -> Any:
        """One act: meant, then told."""
        deal.meant.append(name)
        answer = await phone.do("POST", path, body)
        deal.told.append(name)
        return answer

    async def agree(self, deal: Deal, budget: str, **bid: Any) -> dict[str, Any]:
        """Posted, applied for, accepted."""
        gig = {
            "kind": "remote",
            "title": f"Logo for a tea stall {deal.mark}",
            "description": "A simple logo in two colours, as SVG and PNG, for the sign and for cups.",
            "category": "design",
            "skills": [],
            "budgetType": budget,
            "budgetMin": 20_000,
            "budgetMax": 300_000,
            "deadline": int((time.time() + 7 * DAY) * 1000),
            "status": "open",
        }
        deal.gig_id = (await self.step(deal, "post", self.client, "/api/gigs", gig))["id"]
        letter = {"coverLetter": f"I have drawn logos for three shops. {deal.mark}", "estimatedDays": 4, **bid}
        path = f"/api/gigs/{deal.gig_id}/applications"
        deal.application_id = (await self.step(deal, "apply", self.doer, path, letter))["id"]
        path = f"/api/applications/{deal.application_id}/accept"
        order: dict[str, Any] = await self.step(deal, "accept", self.client, path, {})
        deal.order_id = order["id"]
        return order

    async def pay(self, deal: Deal, **part: str) -> None:
        """At the gateway, as in its checkout; until the money is seen in escrow."""
        body = {"orderId": deal.order_id, **part}
        to_pay = await self.step(deal, "create-order", self.client, "/api/payments/create-order", body)
        deal.gateway_orders[to_pay["razorpayOrderId"]] = to_pay["amount"]
        signed = await self._check_out(to_pay["razorpayOrderId"])
        deal.paid.append(to_pay["razorpayOrderId"])
        if signed:
            await self.step(deal, "verify", self.client, "/api/payments/verify", signed)

        async def is_funded() -> bool:
            order = await self.client.get(f"/api/orders/{deal.order_id}")
            parts = [one for one in order["milestones"] if one["id"] == part.get("milestoneId", one["id"])]
            is_begun = (order["status"], order["escrowState"]) == ("in_progress", "funded")
            return is_begun and not any(one["status"] == "pending" for one in parts)

        await self._until(is_funded, f"the order {deal.order_id} paid by {to_pay['razorpayOrderId']} is funded")

    async def approve(self, deal: Deal) -> None:
        order = await self.step(deal, "approve", self.client, f"/api/orders/{deal.order_id}/approve", {})
        deal.net = order["doerPayout"]
        if (order["status"], order["refundedAmount"]) != ("completed", deal.refunded):
            self.run.violation(f"approving {deal.mark} answered {order['status']}, {order['refundedAmount']} refunded")

    async def withdraw(self) -> None:
        """An amount that this doer asks for only once."""
        available = (await self.doer.get("/api/wallet/balance"))["available"]
        earlier = {one.amount for one in self.log.withdrawals if one.user == self.doer.user_id}
        amount = 10_000 + self.random.randrange(10_000)
        if amount in earlier or available < amount:
            return
        wish = Withdrawal(self.doer.user_id, amount)
        self.log.withdrawals.append(wish)
        body = {"amount": amount, "bankAccountId": self._bank_account}
        try:
            wish.payout_id = (await self.doer.do("POST", "/api/wallet/withdraw", body))["id"]
        except Refused as refused:
            wish.refused = refused.code
            if refused.code not in LIMIT_REACHED:
                raise
            self._no_more_payouts = True

    async def _check_out(self, gateway_order: str) -> dict[str, str] | None:
        """Pay at the gateway; nothing if its answer was lost on the way, for then its webhook will tell."""
        path, began, lost = f"/_sandbox/orders/{gateway_order}/pay", time.monotonic(), False
        async with httpx.AsyncClient(base_url=self.gateway_url, timeout=15, trust_env=False) as gateway:
            while time.monotonic() - began < PATIENCE:
                try:
                    paid = await gateway.post(path, json={"outcome": "success", "method": "upi"})
                except httpx.TransportError:
                    lost = True
                    await asyncio.sleep(PAUSE)
                    continue
                if paid.status_code == 200:
                    return {name: value for name, value in paid.json().items() if name.startswith("razorpay_")}
                if lost:
                    return None
                raise Stuck(f"The stand-in answered {paid.status_code}: {paid.text[:300]}")
        raise Stuck("The stand-in does not answer.")

    async def _account_is_verified(self) -> bool:
        listed = await self.doer.get("/api/bank-accounts")
        return any(one["id"] == self._bank_account and one["status"] == "verified" for one in listed)

    async def _until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        began = time.monotonic()
        while not await holds():
            if time.monotonic() - began > PATIENCE:
                raise Stuck(f"{PATIENCE:.0f} s, and not yet: {what}")
            await asyncio.sleep(PAUSE)
