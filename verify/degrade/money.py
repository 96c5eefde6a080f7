"""Money asked for by phones: work approved, a payment handed in, a withdrawal; each has its effect once."""

from uuid import UUID

from accounts.tests.factories import make_doer
from payments.models import Capture, Payout
from payments.selectors import escrow_of
from verify.degrade.world import Answer, World, equal
from verify.market import announced, balance, payment_for

WITHDRAWN = 10_000


class Money:
    """Three requests under keys of their own, and what must be true once they were done."""

    def __init__(self, world: World) -> None:
        self.world = world
        market = world.market
        self.saver = make_doer()
        market.verified_account(self.saver)
        market.completed(doer=self.saver)
        self.approved, self.bought = market.submitted(), market.new_order()
        handed = market.check_out([self.bought.pk], payer=market.client)
        self.wallet = balance("wallet", self.approved.doer_id)
        self.withdraw = world.write("POST", "/api/wallet/withdraw", self.saver, {"amount": WITHDRAWN})
        self.requests = [
            world.write("POST", f"/api/orders/{self.approved.pk}/approve", market.client, {}),
            world.write("POST", "/api/payments/verify", market.client, handed),
            self.withdraw,
        ]

    def ask(self, statuses: set[int], *, within: float, patience: float = 0.0) -> list[Answer]:
        """Each of them; those refused for the moment are asked again as long as the patience lasts."""
        answers = []
        for request in self.requests:
            if patience:
                self.world.wait(
                    lambda request=request: self.world.ask(request).status != 503,  # type: ignore[misc]
                    f"{request.name} is not refused",
                    within=patience,
                )
            answers.append(self.world.expect(request, statuses, within=within, kind="slowest money"))
        return answers

    def each_once(self) -> str:
        """Wait until all three have ended well, and see that none was done twice."""
        escrow = escrow_of(self.approved.pk)
        self.world.wait(self._has_ended, "all money has arrived", within=150, kind="slowest money to arrive")
        equal("the wallet gained", balance("wallet", self.approved.doer_id) - self.wallet, escrow.payee_net)
        equal("OrderCompleted", announced("OrderCompleted", order_id=self.approved.pk), 1)
        equal("captures", Capture.objects.filter(payment=payment_for(self.bought.pk)).count(), 1)
        equal("OrderFunded", announced("OrderFunded", order_id=self.bought.pk), 1)
        equal("in escrow", balance("escrow", escrow_of(self.bought.pk).pk), self.bought.amount)
        payouts = list(Payout.objects.filter(user=self.saver))
        equal("withdrawals", len(payouts), 1)
        equal("withdrawals at the bank", self.at_the_bank(payouts[0].pk), 1)
        return f"each effect once, {self.world.since():.1f} s after"

    def _has_ended(self) -> bool:
        self.bought.refresh_from_db()
        arrived = Payout.objects.filter(user=self.saver, status="processed").exists()
        return self.bought.status == "in_progress" and arrived

    def at_the_bank(self, payout_id: UUID) -> int:
        """How many payouts the stand-in has made under this reference."""
        made = self.world.market.gateway.get("/_sandbox/ledger").json()["payouts"]
        return sum(one["reference_id"] == str(payout_id) for one in made)
