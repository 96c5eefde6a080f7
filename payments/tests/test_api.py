"""Payments over HTTP: who may what, shapes, bad input, statements, and how many queries lists take."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator, make_user
from khidma.kernel.ids import new_id
from khidma.tests.client import JsonClient
from payments import services
from payments.models import AccountKind, BankAccount, Payout, Refund, TransferKind, Validation
from payments.providers.gateway import PayoutSighting
from payments.services.posting import credit, debit, post
from payments.tests.factories import (
    balance,
    books,
    captured,
    earn,
    fund,
    gateway_id,
    make_bank_account,
    make_escrow,
    make_funded_escrow,
    make_payment,
    make_payout,
)

Api = Callable[..., JsonClient]

GOOD_ACCOUNT = {"holderName": "Ravi Kumar", "accountNumber": "123456789012", "ifsc": "HDFC0000053"}


# Who may what


def everything_of(user: User) -> dict[str, str]:
    """Addresses of one payment, payout and account of this user's."""
    payout = make_payout(user)
    payment = fund(make_escrow(payer=user).reference)
    return {
        "payment": f"/api/payments/{payment.pk}",
        "payout": f"/api/wallet/payouts/{payout.pk}",
        "account": f"/api/bank-accounts/{payout.bank_account_id}",
    }


OPERATIONS = [
    ("get", "{payment}", 200),
    ("get", "{payout}", 200),
    ("post", "{payout}/cancel", 200),
    ("post", "{account}/default", 200),
    ("post", "{account}/verify", 409),
    ("delete", "{account}", 409),
]


@pytest.mark.parametrize(("method", "path", "owners"), OPERATIONS)
def test_only_the_owner_knows_of_it(db: None, api: Api, method: str, path: str, owners: int) -> None:
    owner = make_doer()
    path = path.format(**everything_of(owner))
    before = books()
    for caller, expected in ((None, 401), (make_doer(), 404), (make_client(), 404), (make_operator("finance"), 404)):
        assert getattr(api(caller), method)(path).status_code == expected, caller
    assert books() == before
    assert getattr(api(owner), method)(path).status_code == owners


@pytest.mark.parametrize(
    "path",
    ["/api/payments", "/api/wallet/balance", "/api/wallet/transactions", "/api/wallet/payouts", "/api/bank-accounts"],
)
def test_lists_show_ones_own_only(db: None, api: Api, path: str) -> None:
    everything_of(make_doer())
    assert api().get(path).status_code == 401
    for user in (make_doer(), make_client(), make_user()):
        answer = api(user).get(path)
        assert answer.status_code == 200
        data = answer.json()["data"]
        assert data == [] or set(data.values()) == {0, "INR"}


# Payments


def test_a_payment_shows_what_was_paid_and_what_went_back(db: None, api: Api) -> None:
    client = make_client()
    escrow = make_funded_escrow(100_000, payer=client)
    services.settle_escrow(reference=escrow.reference, payee_gross=25_000, reason="cancelled")
    shown = api(client).get("/api/payments").json()["data"][0]
    refund = Refund.objects.get()
    assert shown == api(client).get(f"/api/payments/{shown['id']}").json()["data"]
    assert shown["orderId"] == str(escrow.reference)
    assert (shown["gigId"], shown["milestoneId"], shown["failureReason"]) == (None, None, None)
    assert (shown["purpose"], shown["amount"], shown["status"], shown["method"]) == (
        "order",
        100_000,
        "captured",
        "upi",
    )
    assert [(line["id"], line["amount"], line["status"]) for line in shown["refunds"]] == [
        (str(refund.pk), 75_000, "promised")
    ]
    assert shown["capturedAt"] >= shown["createdAt"]


def test_a_payment_of_another_amount_says_so_in_a_sentence(db: None, api: Api) -> None:
    payment = make_payment(make_escrow(100_000))
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment, amount=99_999))
    shown = api(payment.payer).get(f"/api/payments/{payment.pk}").json()["data"]
    assert shown["status"] == "failed"
    assert shown["failureReason"] == "The amount that was paid differs from the amount due. Our team looks at it."


def test_a_list_of_payments_takes_the_same_queries_for_one_and_for_many(db: None, api: Api) -> None:
    client = make_client()
    counts = []
    for number in (1, 5):
        for _ in range(number):
            escrow = make_funded_escrow(payer=client)
            services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
        caller = api(client)
        with CaptureQueriesContext(connection) as queries:
            assert len(caller.get("/api/payments").json()["data"]) in (1, 6)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Wallet


def test_a_balance_adds_up(db: None, api: Api) -> None:
    doer, client = make_doer(), make_client()
    earn(doer, 80_000)
    make_bank_account(doer)
    make_funded_escrow(100_000, payer=client, payee=doer)
    payout = services.request_payout(user=doer, amount=30_000)
    sighting = PayoutSighting(gateway_id("pout"), str(payout.pk), "processed", 30_000, 590, 90)
    services.record_payout(sighting=sighting)
    assert api(doer).get("/api/wallet/balance").json()["data"] == {
        "available": 50_000,
        "pending": 88_200,
        "inEscrow": 0,
        "owed": 0,
        "currency": "INR",
        "totalEarnings": 80_000,
        "totalWithdrawn": 30_000,
    }
    assert api(client).get("/api/wallet/balance").json()["data"]["inEscrow"] == 100_000
    profile = api(doer).get("/api/users/me").json()["data"]
    assert (profile["walletBalance"], profile["pendingBalance"], profile["totalEarnings"]) == (50_000, 88_200, 80_000)
    assert profile["bankAccountId"] == str(payout.bank_account_id)


def test_a_statement_tells_each_line_and_the_balance_after_it(db: None, api: Api) -> None:
    doer = make_doer()
    escrow = make_funded_escrow(100_000, payee=doer)
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    make_bank_account(doer)
    payout = services.request_payout(user=doer, amount=40_000)
    services.cancel_payout(payout=payout, user=doer)
    lines = api(doer).get("/api/wallet/transactions").json()["data"]
    shown = [(line["type"], line["amount"], line["balanceAfter"]) for line in lines]
    assert shown == [
        ("withdrawal_reversal", 40_000, 88_200),
        ("withdrawal", -40_000, 48_200),
        ("earning", 88_200, 88_200),
    ]
    assert lines[2]["breakdown"] == {"gross": 100_000, "platformFee": 10_000, "gst": 1_800, "tds": 0}
    assert (lines[2]["orderId"], lines[2]["payoutId"]) == (str(escrow.reference), None)
    assert (lines[1]["orderId"], lines[1]["payoutId"], lines[1]["breakdown"]) == (None, str(payout.pk), None)
    assert all(line["description"] for line in lines)
    assert [UUID(line["id"]).version for line in lines] == [7, 7, 7]
    assert len({line["id"] for line in lines}) == 3


def test_a_statement_is_filtered_without_changing_its_balances(db: None, api: Api) -> None:
    doer = make_doer()
    make_payout(doer, 50_000)
    caller = api(doer)

    def shown(**query: Any) -> list[tuple[str, int]]:
        return [
            (line["type"], line["balanceAfter"])
            for line in caller.get("/api/wallet/transactions", query).json()["data"]
        ]

    assert shown(type="withdrawal") == [("withdrawal", 0)]
    assert shown(type="earning") == [("earning", 50_000)]
    assert shown(type="clawback") == shown(type="adjustment") == []
    assert shown(**{"from": "2020-01-01", "to": "2100-01-01"}) == [("withdrawal", 0), ("earning", 50_000)]
    assert shown(to="2020-01-01") == shown(**{"from": "2090-01-01"}) == []
    moment = caller.get("/api/wallet/transactions").json()["data"][0]["createdAt"]
    assert ("withdrawal", 0) in shown(**{"from": moment})
    for query in ({"type": "theft"}, {"from": "yesterday"}, {"to": "2026-13-01"}, {"limit": 101}):
        assert caller.get("/api/wallet/transactions", query).status_code == 400


def test_a_correction_by_operators_shows_as_one(db: None, api: Api) -> None:
    doer = make_doer()
    lines = [debit(AccountKind.ADJUSTMENT, 700), credit(AccountKind.WALLET, 700, doer.pk)]
    post(key="fix", kind=TransferKind.ADJUSTMENT, entries=lines, note="Paid back a fee")
    shown = api(doer).get("/api/wallet/transactions", {"type": "adjustment"}).json()["data"]
    assert [(line["amount"], line["description"]) for line in shown] == [(700, "Paid back a fee")]


def test_a_statement_is_read_on_by_cursor_without_gaps_while_it_grows(db: None, api: Api) -> None:
    doer = make_doer()
    for amount in (1000, 2000, 3000, 4000):
        earn(doer, amount)
    caller = api(doer)
    first = caller.get("/api/wallet/transactions", {"limit": 2}).json()
    earn(doer, 5000)
    second = caller.get("/api/wallet/transactions", {"limit": 2, "cursor": first["pagination"]["nextCursor"]}).json()
    assert [line["amount"] for line in first["data"] + second["data"]] == [4000, 3000, 2000, 1000]
    assert [line["balanceAfter"] for line in first["data"] + second["data"]] == [10_000, 6_000, 3_000, 1_000]
    assert second["pagination"]["nextCursor"] is None


def test_a_statement_takes_the_same_queries_for_one_line_and_for_many(db: None, api: Api) -> None:
    doer = make_doer()
    counts = []
    for number in (1, 6):
        for _ in range(number):
            earn(doer, 1000)
        caller = api(doer)
        with CaptureQueriesContext(connection) as queries:
            caller.get("/api/wallet/transactions")
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Withdrawing


def test_a_withdrawal_is_answered_before_it_is_sent(db: None, api: Api) -> None:
    doer = make_doer()
    earn(doer, 50_000)
    account = make_bank_account(doer, "123456789012")
    answer = api(doer).post("/api/wallet/withdraw", {"amount": 50_000})
    assert answer.status_code == 201
    shown = answer.json()["data"]
    assert answer.headers["Location"] == f"/api/wallet/payouts/{shown['id']}"
    assert shown == api(doer).get(f"/api/wallet/payouts/{shown['id']}").json()["data"]
    assert shown == {
        "id": shown["id"],
        "amount": 50_000,
        "fee": None,
        "status": "queued",
        "bankAccountId": str(account.pk),
        "bankLast4": "9012",
        "mode": "IMPS",
        "utr": None,
        "failureReason": None,
        "createdAt": shown["createdAt"],
        "processedAt": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": 0},
        {"amount": -1},
        {"amount": 1.5},
        {"amount": 50000.0},
        {"amount": "50000"},
        {"amount": True},
        {"amount": None},
        {"amount": 1_000_000_001},
        {"amount": 10**30},
        {"amount": 50_000, "bankAccountId": "x"},
        {"amount": 50_000, "bankAccountId": 5},
        {"amount": 50_000, "account": "x"},
        [],
    ],
)
def test_a_bad_body_withdraws_nothing(db: None, api: Api, body: Any) -> None:
    doer = make_doer()
    earn(doer, 50_000)
    make_bank_account(doer)
    before = books()
    answer = api(doer).post("/api/wallet/withdraw", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert books() == before
    assert not Payout.objects.exists()


@pytest.mark.parametrize(
    ("amount", "code"), [(1, "payout_too_small"), (9_999, "payout_too_small"), (50_001, "insufficient_balance")]
)
def test_a_refusal_has_its_code_and_moves_nothing(db: None, api: Api, amount: int, code: str) -> None:
    doer = make_doer()
    earn(doer, 50_000)
    make_bank_account(doer)
    before = books()
    answer = api(doer).post("/api/wallet/withdraw", {"amount": amount})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)
    assert books() == before


def test_a_withdrawal_repeated_under_its_key_is_made_once(db: None, api: Api) -> None:
    doer = make_doer()
    earn(doer, 50_000)
    make_bank_account(doer)
    answers = [api(doer).post("/api/wallet/withdraw", {"amount": 20_000}, key="my-key") for _ in range(2)]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert Payout.objects.count() == 1
    assert balance("wallet", doer.pk) == 30_000


def test_an_unverified_or_strange_account_gets_nothing(db: None, api: Api) -> None:
    doer = make_doer()
    earn(doer, 50_000)
    account = services.add_bank_account(user=doer, holder_name="Ravi Kumar", vpa="ravi@okbank")
    strangers = make_bank_account(make_doer())
    before = books()
    answer = api(doer).post("/api/wallet/withdraw", {"amount": 50_000, "bankAccountId": str(account.pk)})
    assert answer.json()["error"]["code"] == "bank_account_not_verified"
    for other in (strangers.pk, new_id()):
        answer = api(doer).post("/api/wallet/withdraw", {"amount": 50_000, "bankAccountId": str(other)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert books() == before


def test_a_cancelled_withdrawal_is_back_and_a_second_cancel_is_refused(db: None, api: Api) -> None:
    doer = make_doer()
    payout = make_payout(doer, 50_000)
    path = f"/api/wallet/payouts/{payout.pk}/cancel"
    assert api(doer).post(path).json()["data"]["status"] == "cancelled"
    assert balance("wallet", doer.pk) == 50_000
    answer = api(doer).post(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "payout_already_sent")
    assert balance("wallet", doer.pk) == 50_000


# Bank accounts


def test_a_number_never_comes_back(db: None, api: Api) -> None:
    doer = make_doer()
    answer = api(doer).post("/api/bank-accounts", GOOD_ACCOUNT)
    assert answer.status_code == 201
    assert answer.json()["data"] == {
        "id": str(BankAccount.objects.get().pk),
        "holderName": "Ravi Kumar",
        "ifsc": "HDFC0000053",
        "accountLast4": "9012",
        "vpa": None,
        "bankName": None,
        "status": "unverified",
        "isDefault": True,
        "registeredName": None,
        "nameMatchScore": None,
        "failureReason": None,
    }
    assert b"123456789012" not in answer.content
    assert b"123456789012" not in api(doer).get("/api/bank-accounts").content


def test_a_upi_address_is_shown_to_its_owner(db: None, api: Api) -> None:
    shown = api(make_doer()).post("/api/bank-accounts", {"holderName": "Ravi Kumar", "vpa": "Ravi.K@okbank"}).json()
    assert (shown["data"]["vpa"], shown["data"]["accountLast4"], shown["data"]["ifsc"]) == ("ravi.k@okbank", None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"holderName": "ab"}, "holderName"),
        ({"holderName": 5}, "holderName"),
        ({"accountNumber": "12"}, "accountNumber"),
        ({"accountNumber": "12 34-5678"}, "accountNumber"),
        ({"accountNumber": 123456789012}, "accountNumber"),
        ({"accountNumber": "१२३४५६७८९०"}, "accountNumber"),
        ({"ifsc": "HDFC1000053"}, "ifsc"),
        ({"ifsc": None}, "ifsc"),
        ({"vpa": "ravi@okbank"}, "vpa"),
        ({"bank": "HDFC"}, "bank"),
    ],
)
def test_a_bad_account_is_refused_by_its_field(db: None, api: Api, change: dict[str, Any], field: str) -> None:
    answer = api(make_doer()).post("/api/bank-accounts", {**GOOD_ACCOUNT, **change})
    assert answer.status_code == 400
    assert field in answer.json()["error"]["details"]
    assert not BankAccount.objects.exists()


@pytest.mark.parametrize("missing", ["holderName", "accountNumber", "ifsc"])
def test_nothing_may_be_missing(db: None, api: Api, missing: str) -> None:
    body = {name: value for name, value in GOOD_ACCOUNT.items() if name != missing}
    answer = api(make_doer()).post("/api/bank-accounts", body)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [missing])


def test_the_same_account_twice_is_refused(db: None, api: Api) -> None:
    doer = make_doer()
    api(doer).post("/api/bank-accounts", GOOD_ACCOUNT)
    answer = api(doer).post("/api/bank-accounts", {**GOOD_ACCOUNT, "ifsc": "hdfc0000053"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "bank_account_exists")
    assert api(make_doer()).post("/api/bank-accounts", GOOD_ACCOUNT).status_code == 201


def test_a_check_is_begun_once_and_says_that_it_runs(db: None, api: Api) -> None:
    doer = make_doer()
    account = services.add_bank_account(user=doer, holder_name="Ravi Kumar", vpa="ravi@okbank")
    path = f"/api/bank-accounts/{account.pk}/verify"
    assert [api(doer).post(path).json()["data"]["status"] for _ in range(2)] == ["verifying", "verifying"]
    assert Validation.objects.count() == 1


def test_an_account_is_removed_and_gone(db: None, api: Api) -> None:
    doer = make_doer()
    account = make_bank_account(doer)
    path = f"/api/bank-accounts/{account.pk}"
    assert api(doer).delete(path).status_code == 204
    assert api(doer).delete(path).status_code == 404
    assert api(doer).get("/api/bank-accounts").json()["data"] == []
