"""The SDK as an application uses it, pointed at a stand-in, with shorthands for the steps that tests walk through."""

from typing import Any, Self

import httpx
import razorpay
import requests

from sandbox.tests.receiver import Receiver

KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_StandIn000001", "local_test_secret", "local_webhook_secret"
ACCOUNT = "7878780080316316"


class LastAnswer(requests.Session):
    """Keeps the raw answer, which the SDK's exceptions lose, and never waits for ever."""

    last: requests.Response

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        options.setdefault("timeout", (2, 5))
        self.last = super().request(*arguments, **options)
        return self.last


class Gateway:
    """The running stand-in, the SDK's client for it, and plain HTTP for its control paths."""

    def __init__(self, url: str, receiver: Receiver) -> None:
        self.url, self.receiver = url, receiver
        self.session = LastAnswer()
        self.session.trust_env = False
        self.sdk = razorpay.Client(session=self.session, auth=(KEY_ID, KEY_SECRET), base_url=url)
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.session.close()
        self.http.close()

    def control(self, path: str, body: Any = None) -> Any:
        response = self.http.post(f"/_sandbox{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def ledger(self) -> dict[str, Any]:
        return dict(self.http.get("/_sandbox/ledger").json())

    def refusal(self) -> tuple[int, str]:
        """Status and description of the last answer."""
        return self.session.last.status_code, str(self.session.last.json()["error"]["description"])

    def order(self, amount: int = 50_000, **details: Any) -> dict[str, Any]:
        return dict(self.sdk.order.create({"amount": amount, "currency": "INR", **details}))

    def pay(self, order_id: str, **options: Any) -> dict[str, Any]:
        return dict(self.control(f"/orders/{order_id}/pay", options))

    def captured(self, amount: int = 50_000) -> str:
        """The id of a captured payment."""
        return str(self.pay(self.order(amount)["id"])["razorpay_payment_id"])

    def fund_account(self, number: str = "765432123456789", name: str = "Gaurav Kumar") -> dict[str, Any]:
        contact = self.sdk.post("/v1/contacts", {"name": name, "type": "vendor"})
        bank_account = {"name": name, "ifsc": "HDFC0000053", "account_number": number}
        details = {"contact_id": contact["id"], "account_type": "bank_account", "bank_account": bank_account}
        return dict(self.sdk.fund_account.create(details))

    def payout(self, key: str, amount: int = 100_000, **details: Any) -> dict[str, Any]:
        body = {
            "account_number": ACCOUNT,
            "fund_account_id": details.pop("fund_account_id", None) or self.fund_account()["id"],
            "amount": amount,
            "currency": "INR",
            "mode": "IMPS",
            "purpose": "payout",
            **details,
        }
        return dict(self.sdk.post("/v1/payouts", body, headers={"X-Payout-Idempotency": key}))
