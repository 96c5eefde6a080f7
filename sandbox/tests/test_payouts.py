"""Contacts, fund accounts, penny drops and payouts: the states, the keys, the balance."""

from typing import Any

import pytest
from razorpay.errors import BadRequestError

from sandbox.tests.driver import ACCOUNT, Gateway
from sandbox.tests.receiver import wait_until

FLOAT = 100_000_000


def by_hand(gateway: Gateway) -> None:
    gateway.control("/pace", {"payoutAfterMs": "by_hand", "validationAfterMs": "by_hand"})


def status(gateway: Gateway, payout_id: str) -> str:
    return str(gateway.sdk.get(f"/v1/payouts/{payout_id}", {})["status"])


def validate(gateway: Gateway, fund_account_id: str, **details: Any) -> dict[str, Any]:
    body = {"account_number": ACCOUNT, "fund_account": {"id": fund_account_id}, "currency": "INR", **details}
    return dict(gateway.sdk.post("/v1/fund_accounts/validations", body))


def test_the_same_details_are_the_same_contact_and_fund_account(gateway: Gateway) -> None:
    first, second = gateway.fund_account(), gateway.fund_account()
    assert first == second
    assert first["bank_account"] == {
        "ifsc": "HDFC0000053",
        "bank_name": "HDFC Bank",
        "name": "Gaurav Kumar",
        "account_number": "765432123456789",
        "notes": [],
    }
    assert gateway.fund_account("11112222")["id"] != first["id"]
    assert gateway.fund_account(name="Other Name")["contact_id"] != first["contact_id"]
    assert gateway.sdk.fund_account.all({"contact_id": first["contact_id"]})["count"] == 2
    assert gateway.sdk.get("/v1/contacts", {"active": 1})["count"] == 2


@pytest.mark.parametrize(
    ("path", "body", "description"),
    [
        ("/v1/contacts", {"name": "Al"}, "The name must be between 3 and 50 characters."),
        ("/v1/contacts", {"name": "Alok", "type": "friend"}, "Invalid type: friend"),
        (
            "/v1/fund_accounts",
            {"contact_id": "cont_00000000000000", "account_type": "vpa", "vpa": {"address": "no-handle"}},
            "The address format is invalid.",
        ),
        (
            "/v1/fund_accounts",
            {"contact_id": "cont_00000000000000", "account_type": "vpa", "vpa": {"address": "alok@upi"}},
            "The id provided does not exist",
        ),
        ("/v1/fund_accounts", {"contact_id": "17", "account_type": "vpa"}, "17 is not a valid id"),
    ],
)
def test_bad_people_and_accounts_are_refused(gateway: Gateway, path: str, body: Any, description: str) -> None:
    with pytest.raises(BadRequestError):
        gateway.sdk.post(path, body)
    assert gateway.refusal() == (400, description)
    assert gateway.sdk.get("/v1/contacts", {})["count"] == 0


def test_an_inactive_fund_account_takes_no_payout(gateway: Gateway) -> None:
    fund_account = gateway.fund_account()
    assert gateway.sdk.patch(f"/v1/fund_accounts/{fund_account['id']}", {"active": False})["active"] is False
    with pytest.raises(BadRequestError, match="inactive"):
        gateway.payout("key-1", fund_account_id=fund_account["id"])
    assert gateway.ledger()["balances"]["payout"] == FLOAT


@pytest.mark.parametrize(
    ("number", "name", "account_status", "registered", "score"),
    [
        ("765432123456789", "Asha Rao", "active", "Asha Rao", 100),
        ("7654321230000", "Asha Rao", "invalid", None, None),
        ("765432123456789", "Mismatch Rao", "active", "Somebody Else", 12),
    ],
)
def test_what_a_penny_drop_finds(
    gateway: Gateway, number: str, name: str, account_status: str, registered: str | None, score: int | None
) -> None:
    validation = validate(gateway, gateway.fund_account(number, name)["id"], amount=100)
    gateway.receiver.wait_for("fund_account.validation.completed")
    found = gateway.sdk.get(f"/v1/fund_accounts/validations/{validation['id']}", {})
    assert found["status"] == "completed"
    results = found["results"]
    assert results["account_status"] == account_status
    assert (results["registered_name"], results["name_match_score"]) == (registered, score)
    assert gateway.ledger()["balances"]["payout"] == FLOAT - 100
    listed = gateway.sdk.get("/v1/fund_accounts/validations", {"account_number": ACCOUNT})
    assert [item["id"] for item in listed["items"]] == [validation["id"]]


def test_a_vpa_is_checked_by_the_name_of_its_contact(gateway: Gateway) -> None:
    contact = gateway.sdk.post("/v1/contacts", {"name": "Asha Rao"})
    details = {"contact_id": contact["id"], "account_type": "vpa", "vpa": {"address": "mismatch.asha@upi"}}
    validate(gateway, gateway.sdk.fund_account.create(details)["id"])
    told = gateway.receiver.wait_for("fund_account.validation.completed")[0].json
    assert told["payload"]["fund_account.validation"]["entity"]["results"]["registered_name"] == "Somebody Else"
    assert gateway.ledger()["balances"]["payout"] == FLOAT


def test_a_failed_validation_costs_nothing(gateway: Gateway) -> None:
    by_hand(gateway)
    validation = validate(gateway, gateway.fund_account()["id"], amount=100)
    gateway.control(f"/validations/{validation['id']}/settle", {"outcome": "failed"})
    gateway.receiver.wait_for("fund_account.validation.failed")
    assert gateway.ledger()["balances"]["payout"] == FLOAT
    assert gateway.ledger()["validations"][0]["amount"] == 0


def test_a_payout_needs_a_key(gateway: Gateway) -> None:
    body = {"account_number": ACCOUNT, "fund_account_id": gateway.fund_account()["id"]}
    with pytest.raises(BadRequestError, match="Idempotency key is missing"):
        gateway.sdk.post("/v1/payouts", body)
    assert gateway.session.last.json()["error"]["field"] == "X-Payout-Idempotency"
    with pytest.raises(BadRequestError, match="format is invalid"):
        gateway.payout("abc")
    assert gateway.ledger()["payouts"] == []


def test_one_key_is_one_payout_for_seven_days(gateway: Gateway) -> None:
    by_hand(gateway)
    first = gateway.payout("key-0001", reference_id="w1")
    assert gateway.payout("key-0001", reference_id="w1") == first
    with pytest.raises(BadRequestError, match="Different request body sent for the same Idempotency Header"):
        gateway.payout("key-0001", amount=100_001, reference_id="w1")
    assert gateway.session.last.status_code == 400
    assert [payout["id"] for payout in gateway.ledger()["payouts"]] == [first["id"]]
    gateway.control(f"/payouts/{first['id']}/settle", {"outcome": "processed"})
    assert gateway.payout("key-0001", reference_id="w1")["status"] == "processed"
    gateway.control("/clock", {"shiftSeconds": 7 * 86_400 + 1})
    assert gateway.payout("key-0001", reference_id="w1")["id"] != first["id"]


@pytest.mark.parametrize(
    ("details", "description"),
    [
        ({"account_number": "1234567890"}, "The RazorpayX Account number is invalid."),
        ({"account_number": None}, "The account number field is required"),
        ({"mode": "imps"}, "Invalid mode: imps"),
        ({"mode": "UPI"}, "UPI mode is not supported for the fund account type bank_account"),
        ({"mode": "IMPS", "amount": 50_000_001}, "IMPS payouts cannot be above INR 5 lakh"),
        ({"mode": "RTGS", "amount": 100_000}, "RTGS payouts cannot be below INR 2 lakh"),
        ({"purpose": "bribe"}, "Invalid purpose: bribe"),
        ({"narration": "n" * 31}, "The narration must be between 0 and 30 characters."),
        ({"narration": "no-dash"}, "The narration format is invalid."),
        ({"reference_id": "r" * 41}, "The reference_id must be between 0 and 40 characters."),
        ({"fund_account_id": "fa_00000000000000"}, "The id provided does not exist"),
    ],
)
def test_a_bad_payout_is_refused_and_moves_nothing(gateway: Gateway, details: Any, description: str) -> None:
    with pytest.raises(BadRequestError):
        gateway.payout("key-0001", **details)
    assert gateway.refusal() == (400, description)
    assert gateway.ledger()["payouts"] == []
    assert gateway.ledger()["balances"]["payout"] == FLOAT


def test_a_processed_payout_can_come_back_with_its_fee(gateway: Gateway) -> None:
    by_hand(gateway)
    payout = gateway.payout("key-0001")
    assert gateway.ledger()["balances"]["payout"] == FLOAT - 100_590
    processed = gateway.control(f"/payouts/{payout['id']}/settle", {"outcome": "processed"})
    assert processed["utr"]
    options = {"outcome": "reversed", "reason": "beneficiary_account_dormant"}
    gateway.control(f"/payouts/{payout['id']}/settle", options)
    told = gateway.receiver.wait_for("payout.reversed")[0].json["payload"]["payout"]["entity"]
    assert (told["status"], told["status_details"]["reason"]) == ("reversed", "beneficiary_account_dormant")
    assert gateway.ledger()["balances"]["payout"] == FLOAT
    assert gateway.control(f"/payouts/{payout['id']}/settle", {"outcome": "failed"})["status"] == "failed"
    assert gateway.ledger()["balances"]["payout"] == FLOAT
    refused = gateway.http.post(f"/_sandbox/payouts/{payout['id']}/settle", json={"outcome": "processed"})
    assert refused.status_code == 400
    assert status(gateway, payout["id"]) == "failed"


def test_a_payout_to_an_account_that_does_not_exist_fails(gateway: Gateway) -> None:
    payout = gateway.payout("key-0001", fund_account_id=gateway.fund_account("9990000")["id"])
    told = gateway.receiver.wait_for("payout.failed")[0].json["payload"]["payout"]["entity"]
    assert (told["id"], told["status_details"]["reason"]) == (payout["id"], "beneficiary_account_invalid")
    assert gateway.ledger()["balances"]["payout"] == FLOAT


def test_too_little_money_refuses_or_queues(gateway: Gateway) -> None:
    gateway.control("/balances", {"payout": 100_589})
    with pytest.raises(BadRequestError, match="enough balance to carry out the payout operation"):
        gateway.payout("key-0001")
    large = gateway.payout("key-0002", amount=900_000, queue_if_low_balance=True)
    small = gateway.payout("key-0003", queue_if_low_balance=True)
    assert (large["status"], large["fees"], large["status_details"]["reason"]) == ("queued", 0, "low_balance")
    assert len(gateway.receiver.wait_for("payout.queued", times=2)) == 2
    gateway.control("/balances", {"payout": 200_000})
    assert status(gateway, small["id"]) == "processing"
    assert status(gateway, large["id"]) == "queued"
    assert gateway.sdk.post(f"/v1/payouts/{large['id']}/cancel", {})["status"] == "cancelled"
    with pytest.raises(BadRequestError, match="Only queued payouts can be cancelled"):
        gateway.sdk.post(f"/v1/payouts/{small['id']}/cancel", {})
    wait_until(lambda: status(gateway, small["id"]) == "processed")
    assert gateway.ledger()["balances"]["payout"] == 200_000 - 100_590


def test_payouts_are_found_by_reference_only_with_the_account(gateway: Gateway) -> None:
    payout = gateway.payout("key-0001", reference_id="w-17")
    gateway.payout("key-0002", reference_id="w-18")
    found = gateway.sdk.get("/v1/payouts", {"account_number": ACCOUNT, "reference_id": "w-17"})
    assert [item["id"] for item in found["items"]] == [payout["id"]]
    with pytest.raises(BadRequestError, match="The account number field is required"):
        gateway.sdk.get("/v1/payouts", {"reference_id": "w-17"})


def test_the_statement_leads_to_the_balance(gateway: Gateway) -> None:
    by_hand(gateway)
    payout = gateway.payout("key-0001")
    gateway.control(f"/payouts/{payout['id']}/settle", {"outcome": "failed"})
    gateway.control("/balances", {"payout": FLOAT + 5})
    lines = gateway.sdk.get("/v1/transactions", {"account_number": ACCOUNT})["items"]
    assert [line["credit"] - line["debit"] for line in lines] == [5, 100_590, -100_590, FLOAT]
    assert lines[2]["source"] == {
        "id": payout["id"],
        "entity": "payout",
        "amount": 100_000,
        "fees": 590,
        "tax": 90,
    }
    assert lines[0]["balance"] == gateway.sdk.get("/v1/banking_balances", {})["items"][0]["amount"] == FLOAT + 5
    assert gateway.sdk.get(f"/v1/transactions/{lines[0]['id']}", {}) == lines[0]
