"""The flow: from a phone number to money in the bank."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from khidma.kernel.money import rupees
from operations.demo.phone import PATIENCE, PAUSE, DemoFailed, Phone

PRICE = 250_000


class Flow:
    """One client, one doer, one gig, played step by step."""

    def __init__(self, *, base_url: str, gateway_url: str, say: Callable[[str], None]) -> None:
        self.gateway_url = gateway_url
        self.say = say
        self.client = Phone(base_url, _new_number())
        self.doer = Phone(base_url, _new_number())
        self._began = self._last = time.perf_counter()

    def done(self, what: str) -> None:
        """Tell one step with how long it took."""
        now = time.perf_counter()
        self.say(f"{(now - self._last) * 1000:7.0f} ms  {what}")
        self._last = now

    async def play(self, *more: Callable[["Flow"], Awaitable[None]]) -> None:
        """Play it all, and then what else is given. :raises DemoFailed: anything is off."""
        try:
            await self.arrive()
            order = await self.agree()
            await self.pay(order)
            await self.chat(order)
            await self.chat_over_a_cut(order)
            await self.work(order)
            await self.withdraw()
            await self.look_back()
            await self.work_by_the_hour()
            await self.work_in_milestones()
            for scene in more:
                await scene(self)
        finally:
            await self.client.close()
            await self.doer.close()
        self.say(f"{(time.perf_counter() - self._began) * 1000:7.0f} ms  in all")

    async def arrive(self) -> None:
        """Both log in with a code by SMS, complete their profiles and open their sockets."""
        await self.client.log_in()
        await self.doer.log_in()
        self.done(f"two phones logged in: {self.client.number} and {self.doer.number}")
        await self.client.call(
            "PATCH", "/api/users/me", {"name": "Asha Rao", "email": _mail("asha"), "roles": ["client"]}
        )
        await self.doer.call(
            "PATCH",
            "/api/users/me",
            {
                "name": "Ravi Kumar",
                "email": _mail("ravi"),
                "roles": ["doer"],
                "university": "Delhi University",
                "course": "B.Com",
                "year": 2,
                "graduationYear": 2028,
            },
        )
        self.done("profiles completed")
        await self.client.connect()
        await self.doer.connect()
        self.done("both sockets are open")

    async def post_gig(self, budget: str = "fixed") -> dict[str, Any]:
        """The client posts a gig; the last word of its title is its own."""
        word = secrets.token_hex(4)
        gig: dict[str, Any] = await self.client.call(
            "POST",
            "/api/gigs",
            {
                "kind": "remote",
                "title": f"Logo for a tea stall {word}",
                "description": "A simple logo in two colours, as SVG and PNG, for the sign and for cups.",
                "category": "design",
                "skills": [],
                "budgetType": budget,
                "budgetMin": 20_000,
                "budgetMax": 300_000,
                "deadline": int((time.time() + 7 * 86_400) * 1000),
                "status": "open",
            },
            expect=201,
        )
        self.done("gig posted")
        return gig

    async def agree(self, budget: str = "fixed", **bid: Any) -> dict[str, Any]:
        """The client posts a gig, the doer finds it and applies with this bid, the client accepts."""
        gig = await self.post_gig(budget)
        word = gig["title"].rpartition(" ")[2]
        found = await self.doer.call("GET", f"/api/gigs?search={word}")
        if [hit["id"] for hit in found] != [gig["id"]]:
            raise DemoFailed(f"Searching for {word} finds {len(found)} gigs, not this one.")
        self.done("gig found by search")
        application = await self.doer.call(
            "POST",
            f"/api/gigs/{gig['id']}/applications",
            {
                "coverLetter": "I have drawn logos for three shops in my street.",
                "proposedAmount": PRICE,
                "estimatedDays": 4,
                **bid,
            },
            expect=201,
        )
        await self.client.hear("NEW_APPLICATION", applicationId=application["id"])
        self.done("applied; the client's socket heard of it")
        order: dict[str, Any] = await self.client.call(
            "POST", f"/api/applications/{application['id']}/accept", {}, expect=201
        )
        if order["status"] != "pending_payment":
            raise DemoFailed(f"The order is {order['status']}.")
        self.done(f"accepted: order of {rupees(order['amount'])} awaits payment")
        return order

    async def pay(self, order: dict[str, Any], told: str = "order_funded", **part: str) -> str:
        """The client pays at the gateway, as in its checkout, and hands in the signature; the payment's id."""
        to_pay = await self.client.call("POST", "/api/payments/create-order", {"orderId": order["id"], **part})
        await self.check_out_and_verify(to_pay["razorpayOrderId"])
        await self.doer.hear("ORDER_UPDATE", orderId=order["id"], status="in_progress", escrowState="funded")
        await self.doer.hear("NOTIFICATION", type=told)
        self.done("verified: the money is in escrow, and the doer heard of it")
        return str(to_pay["paymentId"])

    async def check_out_and_verify(self, gateway_order: str) -> None:
        """Pay by UPI, and hand in what the checkout signed."""
        paid = await self._check_out(gateway_order)
        self.done("paid by UPI at the gateway")
        if paid:
            signed = {name: value for name, value in paid.items() if name.startswith("razorpay_")}
            await self.client.call("POST", "/api/payments/verify", signed)

    async def _check_out(self, gateway_order: str) -> dict[str, Any] | None:
        """Pay in the gateway's checkout; nothing if its answer was lost on the way, for then its webhook will tell."""
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
                    return dict(paid.json())
                if lost:
                    return None
                raise DemoFailed(f"The stand-in answered {paid.status_code}: {paid.text[:300]}")
        raise DemoFailed("The stand-in does not answer.")

    async def chat(self, order: dict[str, Any]) -> None:
        """Both write; each message is stored before it is heard."""
        for speaker, listener, text in [
            (self.client, self.doer, "Please use green and gold."),
            (self.doer, self.client, "With pleasure. First sketch tomorrow."),
        ]:
            own = await speaker.write(order["id"], text)
            await listener.hear("CHAT_MESSAGE", messageId=own["messageId"])
            await listener.call(
                "POST", f"/api/conversations/{own['conversationId']}/read", {"messageId": own["messageId"]}
            )
            await speaker.hear("MESSAGE_READ", messageId=own["messageId"])
        conversation = await self.client.call("GET", f"/api/conversations/by-order/{order['id']}")
        listed = await self.client.call("GET", f"/api/conversations/{conversation['id']}/messages")
        if len([message for message in listed if message["kind"] == "text"]) != 2:
            raise DemoFailed("The conversation does not hold two messages.")
        self.done("chatted over the socket, read on both sides")

    async def chat_over_a_cut(self, order: dict[str, Any]) -> None:
        """The client's line breaks while the doer writes; back again, it hears each message once, in order."""
        self.client.cut()
        texts = ["The first sketch is done.", "It has a cup in it.", "Green, with a golden rim."]
        for text in texts:
            await self.doer.write(order["id"], text)
        began = time.perf_counter()
        missed = await self.client.resume()
        took = (time.perf_counter() - began) * 1000
        heard = [frame["data"]["text"] for frame in missed if frame["event"] == "CHAT_MESSAGE"]
        if heard != texts:
            raise DemoFailed(f"Of {len(texts)} messages written during a cut, the client heard {heard}.")
        self.done(f"socket cut without a word, resumed in {took:.0f} ms: {len(texts)} missed messages, each once")

    async def work(self, order: dict[str, Any]) -> None:
        """The doer submits, the client asks for a change, the doer submits again, the client approves."""
        path = f"/api/orders/{order['id']}"
        await self.doer.call(
            "POST", f"{path}/submit", {"message": "First version.", "links": ["https://example.com/1"]}
        )
        await self.client.hear("ORDER_UPDATE", orderId=order["id"], status="submitted")
        await self.client.call("POST", f"{path}/request-revision", {"message": "A little more gold, please."})
        await self.doer.call(
            "POST", f"{path}/submit", {"message": "With more gold.", "links": ["https://example.com/2"]}
        )
        self.done("submitted, revised, submitted again")
        approved = await self.client.call("POST", f"{path}/approve", {})
        if (approved["status"], approved["escrowState"]) != ("completed", "released"):
            raise DemoFailed(f"The approved order is {approved['status']}, {approved['escrowState']}.")
        wallet = await self.doer.call("GET", "/api/wallet/balance")
        if wallet["available"] != approved["doerPayout"]:
            raise DemoFailed(f"The wallet holds {wallet['available']}, not {approved['doerPayout']}.")
        self.done(f"approved: {rupees(wallet['available'])} in the doer's wallet after fee and GST")

    async def withdraw(self) -> None:
        """The doer adds a bank account, has it checked, and withdraws everything."""
        account = await self.doer.call(
            "POST",
            "/api/bank-accounts",
            {
                "holderName": "Ravi Kumar",
                "accountNumber": f"{secrets.randbelow(10**9) + 10**9}1",
                "ifsc": "HDFC0000053",
            },
            expect=201,
        )
        await self.doer.call("POST", f"/api/bank-accounts/{account['id']}/verify", {})
        await self._account_verified(account["id"])
        self.done("bank account added and verified by a penny drop")
        amount = (await self.doer.call("GET", "/api/wallet/balance"))["available"]
        payout = await self.doer.call(
            "POST", "/api/wallet/withdraw", {"amount": amount, "bankAccountId": account["id"]}, expect=201
        )
        self.done(f"withdrew {rupees(amount)}")
        processed = await self.doer.until(f"/api/wallet/payouts/{payout['id']}", status="processed")
        self.done(f"payout processed, UTR {processed['utr']}")
        balance = await self.doer.call("GET", "/api/wallet/balance")
        if (balance["available"], balance["totalWithdrawn"]) != (0, amount):
            raise DemoFailed(f"After the withdrawal the wallet says {balance}.")

    async def _account_verified(self, account_id: str) -> None:
        for _ in range(int(PATIENCE / PAUSE)):
            listed = await self.doer.call("GET", "/api/bank-accounts")
            status = next(account["status"] for account in listed if account["id"] == account_id)
            if status == "verified":
                return
            await asyncio.sleep(PAUSE)
        raise DemoFailed("The bank account was not verified.")

    async def look_back(self) -> None:
        """Both were told of every step, once."""
        told = Counter(row["type"] for row in await self.doer.call("GET", "/api/notifications?limit=100"))
        wanted = ["application_accepted", "order_funded", "order_completed", "payout_requested", "payout_processed"]
        if wrong := {kind: told[kind] for kind in wanted if told[kind] != 1}:
            raise DemoFailed(f"The doer was told this often: {wrong}; each should be once.")
        if len(payouts := await self.doer.call("GET", "/api/wallet/payouts")) != 1:
            raise DemoFailed(f"There are {len(payouts)} payouts.")
        await self.client.call("PUT", "/api/notifications/read-all")
        self.done("notifications of every step are there")

    async def work_by_the_hour(self) -> None:
        """The client pays for three hours; the doer works less, and the rest goes back by itself."""
        before = await self._available()
        order = await self.agree("hourly", proposedAmount=33_333, agreedHours=3)
        payment = await self.pay(order)
        path = f"/api/orders/{order['id']}"
        await self.doer.call("POST", f"{path}/submit", {"message": "Less than I thought.", "minutesWorked": 100})
        approved = await self.client.call("POST", f"{path}/approve", {})
        if (approved["status"], approved["amount"], approved["refundedAmount"]) != ("completed", 99_999, 44_444):
            raise DemoFailed(f"The order by the hour is {approved['status']}, refunded {approved['refundedAmount']}.")
        await self._expect_earned(before, approved)
        self.done("by the hour: 100 of 180 minutes paid")
        await self.client.until(f"/api/payments/{payment}", status="partially_refunded")
        self.done(f"refund of the rest processed: {rupees(44_444)}")

    async def work_in_milestones(self) -> None:
        """The first milestone is paid, worked and approved by itself, the others all at once."""
        before, due = await self._available(), int((time.time() + 5 * 86_400) * 1000)
        amounts = [100_005, 50_005, 50_005]
        steps = [
            {"title": f"Part {number}", "amount": amount, "dueAt": due} for number, amount in enumerate(amounts, 1)
        ]
        order = await self.agree("milestone", proposedAmount=sum(amounts), milestones=steps)
        path, first = f"/api/orders/{order['id']}", order["milestones"][0]["id"]
        await self.pay(order, milestoneId=first)
        await self.doer.call("POST", f"{path}/milestones/{first}/submit", {"message": "The first part."})
        await self.client.call("POST", f"{path}/milestones/{first}/approve", {})
        await self.doer.hear("NOTIFICATION", type="milestone_approved")
        self.done("in milestones: the first one approved and paid")
        await self.pay(order, told="milestones_funded")
        await self.doer.call("POST", f"{path}/submit", {"message": "All that is left."})
        approved = await self.client.call("POST", f"{path}/approve", {})
        if (approved["status"], {part["status"] for part in approved["milestones"]}) != ("completed", {"approved"}):
            raise DemoFailed(f"The order in milestones is {approved['status']}: {approved['milestones']}.")
        await self._expect_earned(before, approved)
        self.done(f"all milestones approved: {rupees(approved['doerPayout'])} for them in the doer's wallet")

    async def _available(self) -> int:
        return int((await self.doer.call("GET", "/api/wallet/balance"))["available"])

    async def _expect_earned(self, before: int, order: dict[str, Any]) -> None:
        parts = order["doerPayout"] + order["platformFee"] + order["gst"] + order["tds"] + order["refundedAmount"]
        if parts != order["amount"]:
            raise DemoFailed(f"The parts of {order['amount']} paise add up to {parts}.")
        if (earned := await self._available() - before) != order["doerPayout"]:
            raise DemoFailed(f"The wallet gained {earned}, not {order['doerPayout']}.")


def _new_number() -> str:
    return f"+919{secrets.randbelow(10**9):09d}"


def _mail(name: str) -> str:
    return f"{name}.{secrets.token_hex(4)}@example.com"
