"""What can happen at a gateway: each story is made to happen there, and says how it must end here."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from khidma.kernel.ids import new_id
from orders.models import Order
from payments.models import Capture, Payment, Payout, Refund, Transfer
from payments.selectors import escrow_of
from payments.services import open_gateway_order, start_payment
from verify.market import Stage, balance
from verify.proof import CannotRun

AMOUNT = 30_000
PAYOUT = 10_000
LONG = 10**9
"""Milliseconds after which the gateway would end something by itself: never, while a proof runs."""

End = dict[str, Any]


class Story(ABC):
    """Something that happens at the gateway, and of which only its events tell."""

    name: ClassVar[str]
    events: ClassVar[int]
    made_up_by_the_poller: ClassVar[bool] = False

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @abstractmethod
    def begin(self) -> None:
        """Everything up to the point where Khidma must have done something by itself."""

    def is_ready(self) -> bool:
        """Whether Khidma has done so."""
        return True

    @abstractmethod
    def finish(self) -> None:
        """The rest of what happens at the gateway."""

    @abstractmethod
    def is_about(self, payload: dict[str, Any]) -> bool:
        """Whether an event with this payload belongs to the story."""

    @abstractmethod
    def end(self) -> End:
        """How it has ended in Khidma."""

    @property
    @abstractmethod
    def right_end(self) -> End:
        """How it must end."""


def entity(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """One entity of an event; empty if it has none of this name."""
    found: dict[str, Any] = payload.get(name, {}).get("entity", {})
    return found


class Paid(Story):
    """An order is paid."""

    name, events, made_up_by_the_poller = "paid", 3, True
    status: ClassVar[str] = "in_progress"

    def begin(self) -> None:
        self.order: Order = self.stage.new_order(AMOUNT)
        self.payment: Payment = start_payment(payer=self.stage.client, references=[self.order.pk], purpose="order")
        self.payment = open_gateway_order(payment_id=self.payment.pk, timeout=10)
        self.happen()

    def happen(self) -> None:
        self.pay(outcome="success")

    def pay(self, **options: Any) -> dict[str, Any]:
        """A customer's try at the gateway."""
        return control(self.stage, f"orders/{self.payment.gateway_order_id}/pay", {"method": "upi", **options})

    def finish(self) -> None:
        """Nothing more happens."""

    def is_about(self, payload: dict[str, Any]) -> bool:
        return bool(entity(payload, "payment").get("order_id") == self.payment.gateway_order_id)

    def end(self) -> End:
        order, payment = Order.objects.get(pk=self.order.pk), Payment.objects.get(pk=self.payment.pk)
        captures = list(Capture.objects.filter(payment=payment))
        return {
            "order": order.status,
            "payment": payment.status,
            "captures": len(captures),
            "fee is booked": all(capture.fee is not None for capture in captures),
            "in escrow": balance("escrow", escrow_of(self.order.pk).pk),
            "promised back": balance("refund_pending", payment.pk),
            "refunds": sorted(Refund.objects.filter(payment=payment).values_list("amount", "status")),
        }

    @property
    def right_end(self) -> End:
        return {
            "order": self.status,
            "payment": "captured",
            "captures": 1,
            "fee is booked": True,
            "in escrow": AMOUNT,
            "promised back": 0,
            "refunds": [],
        }


class LateYes(Paid):
    """The bank says no, and then yes after all."""

    name, events = "failed, then authorised", 4

    def happen(self) -> None:
        tried = self.pay(outcome="failure")
        control(self.stage, f"payments/{tried['razorpay_payment_id']}/authorise", {})


class SecondTry(Paid):
    """The first payment fails, the customer tries again."""

    name, events = "failed, then paid anew", 4

    def happen(self) -> None:
        self.pay(outcome="failure")
        self.pay(outcome="success")


class OnlyFailed(Paid):
    """The customer gives up."""

    name, events = "failed", 1

    def happen(self) -> None:
        self.pay(outcome="failure")

    @property
    def right_end(self) -> End:
        nothing = {"captures": 0, "in escrow": 0}
        return super().right_end | nothing | {"order": "pending_payment", "payment": "failed"}


class TooLate(Paid):
    """An order is paid that nobody waits for any more: the money goes back by itself."""

    name, events = "paid too late", 3

    def happen(self) -> None:
        self.stage.call("POST", f"/api/orders/{self.order.pk}/cancel", {"reason": "other"}, by=self.stage.client)
        super().happen()

    @property
    def right_end(self) -> End:
        back = {"in escrow": 0, "promised back": AMOUNT, "refunds": [(AMOUNT, "sent")]}
        return super().right_end | back | {"order": "cancelled"}


class GivenBack(Paid):
    """An order is paid, cancelled and refunded; the gateway tells of all of it late."""

    name, events, made_up_by_the_poller = "paid and refunded", 5, False

    def happen(self) -> None:
        handed = self.pay(outcome="success")
        signed = {name: value for name, value in handed.items() if name.startswith("razorpay_")}
        self.stage.call("POST", "/api/payments/verify", signed, by=self.stage.client)
        path = f"/api/orders/{self.order.pk}/cancel"
        self.stage.call("POST", path, {"reason": "changed_mind"}, by=self.stage.client)

    def is_ready(self) -> bool:
        return Refund.objects.filter(payment=self.payment, gateway_refund_id__isnull=False).exists()

    def finish(self) -> None:
        refund_id = Refund.objects.get(payment=self.payment).gateway_refund_id
        control(self.stage, f"refunds/{refund_id}/settle", {"outcome": "processed"})

    @property
    def right_end(self) -> End:
        back = {"in escrow": 0, "refunds": [(AMOUNT, "processed")]}
        return super().right_end | back | {"order": "cancelled", "payment": "refunded"}


class GivenBackInVain(GivenBack):
    """The bank gives a processed refund back."""

    name, events = "paid, refunded, and the refund failed", 6

    def finish(self) -> None:
        refund_id = Refund.objects.get(payment=self.payment).gateway_refund_id
        for outcome in ("processed", "failed"):
            control(self.stage, f"refunds/{refund_id}/settle", {"outcome": outcome})

    @property
    def right_end(self) -> End:
        promised = {"refunds": [(AMOUNT, "failed")], "promised back": AMOUNT}
        return super().right_end | promised | {"payment": "captured"}


class Sent(Story):
    """A withdrawal is processed."""

    name, events, made_up_by_the_poller = "payout processed", 2, True
    outcomes: ClassVar[Sequence[str]] = ("processed",)

    def begin(self) -> None:
        made = self.stage.call("POST", "/api/wallet/withdraw", {"amount": PAYOUT}, by=self.stage.doer_with_account())
        self.payout_id = UUID(made["id"])

    def is_ready(self) -> bool:
        return Payout.objects.filter(pk=self.payout_id, gateway_payout_id__isnull=False).exists()

    def finish(self) -> None:
        payout_id = Payout.objects.get(pk=self.payout_id).gateway_payout_id
        for outcome in self.outcomes:
            control(self.stage, f"payouts/{payout_id}/settle", {"outcome": outcome})

    def is_about(self, payload: dict[str, Any]) -> bool:
        return bool(entity(payload, "payout").get("reference_id") == str(self.payout_id))

    def end(self) -> End:
        keys = Transfer.objects.filter(key__startswith=f"payout:{self.payout_id}").values_list("key", flat=True)
        return {
            "status": Payout.objects.get(pk=self.payout_id).status,
            "on its way": balance("payout_pending", self.payout_id),
            "given back": f"payout:{self.payout_id}:returned" in set(keys),
        }

    @property
    def right_end(self) -> End:
        return {"status": self.outcomes[-1], "on its way": 0, "given back": self.outcomes[-1] != "processed"}


class Reversed(Sent):
    """The bank gives a processed withdrawal back."""

    name, events, made_up_by_the_poller = "payout processed, then reversed", 3, False
    outcomes = ("processed", "reversed")


class Failed(Sent):
    """A withdrawal fails."""

    name, events, made_up_by_the_poller = "payout failed", 2, False
    outcomes = ("failed",)


WHOLE: list[type[Story]] = [GivenBackInVain, GivenBack, LateYes, SecondTry, Paid, TooLate, Reversed, Sent, Failed]
"""Stories of which every order of their events is played."""
FILLING: list[type[Story]] = [Paid, LateYes, SecondTry, TooLate, OnlyFailed, Sent, Reversed, Failed]
"""Stories that make up the number."""


def control(stage: Stage, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Something that a customer, a bank or the dashboard does at the gateway. :raises CannotRun: it is refused."""
    answer = stage.gateway.post(f"/_sandbox/{path}", json=body)
    if answer.status_code != 200:
        raise CannotRun(f"The stand-in refused {path}: {answer.text[:300]}")
    found: dict[str, Any] = answer.json()
    return found


def silence(stage: Stage) -> None:
    """The gateway keeps its events to itself, and ends nothing unasked: the proof is its messenger."""
    control(stage, "pace", {"payoutAfterMs": "by_hand", "refundAfterMs": LONG})
    stage.gateway.post("/_sandbox/faults", json=[{"match": "webhook *", "times": LONG, "fault": "drop"}])


def baits(stage: Stage, count: int) -> list[Payment]:
    """Unpaid orders, open at the gateway, for forgers to pay with words."""
    found = []
    for _ in range(count):
        order = stage.new_order(AMOUNT)
        payment = start_payment(payer=stage.client, references=[order.pk], purpose="order")
        found.append(open_gateway_order(payment_id=payment.pk, timeout=10))
    return found


def told_by_the_gateway(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """Every event that the gateway kept to itself lately, the oldest first: its id and its body."""
    listed = stage.gateway.get("/_sandbox/webhooks").json()["items"]
    return [(item["event_id"], item["body"]) for item in reversed(listed)]


def new_event_id() -> str:
    return new_id().hex[-14:]
