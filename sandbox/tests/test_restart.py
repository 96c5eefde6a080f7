"""A stand-in that is stopped or killed in mid-work, and what it takes up again; and where it will not start."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import razorpay

from sandbox.configuration import StartRefused, from_environment
from sandbox.state import StateInUse, Store
from sandbox.testing import FOLDER, StandIn, StandInFailed, free_port
from sandbox.tests.receiver import Receiver, wait_until


@pytest.fixture
def stand_in(tmp_path: Path, receiver: Receiver) -> Iterator[StandIn]:
    with StandIn(state=tmp_path / "state.sqlite3", webhook_url=receiver.url) as running:
        yield running


def client(stand_in: StandIn) -> razorpay.Client:
    return razorpay.Client(auth=(stand_in.key_id, stand_in.key_secret), base_url=stand_in.url)


def start_payout(sdk: razorpay.Client, account_number: str) -> str:
    contact = sdk.post("/v1/contacts", {"name": "Asha Rao"})
    bank_account = {"name": "Asha Rao", "ifsc": "HDFC0000053", "account_number": "123456789"}
    fund_account = sdk.fund_account.create(
        {"contact_id": contact["id"], "account_type": "bank_account", "bank_account": bank_account}
    )
    body = {
        "account_number": account_number,
        "fund_account_id": fund_account["id"],
        "amount": 100_000,
        "currency": "INR",
        "mode": "IMPS",
        "purpose": "payout",
    }
    return str(sdk.post("/v1/payouts", body, headers={"X-Payout-Idempotency": "key-0001"})["id"])


def test_killed_in_mid_work_it_goes_on_where_it_was(stand_in: StandIn, receiver: Receiver) -> None:
    with client(stand_in).session as session:
        sdk = razorpay.Client(session=session, auth=(stand_in.key_id, stand_in.key_secret), base_url=stand_in.url)
        order = sdk.order.create({"amount": 50_000, "currency": "INR"})
        receiver.answers = [503] * 3
        paid = stand_in.pay(order["id"])
        payout_id = start_payout(sdk, stand_in.account_number)
        before = stand_in.ledger()
        stand_in.kill()
        stand_in.start()
        after = stand_in.ledger()
        assert after["payments"] == before["payments"]
        assert sdk.payment.fetch(paid["razorpay_payment_id"])["status"] == "captured"
        receiver.wait_for("payment.captured")
        receiver.wait_for("order.paid")
        processed = receiver.wait_for("payout.processed")[0].json["payload"]["payout"]["entity"]
        assert processed["id"] == payout_id
        assert stand_in.ledger()["balanced"]
        assert len(stand_in.ledger()["payouts"]) == 1


def test_webhooks_wait_until_somebody_listens(tmp_path: Path) -> None:
    port = free_port()
    with StandIn(state=tmp_path / "state.sqlite3", webhook_url=f"http://127.0.0.1:{port}/webhooks") as stand_in:
        with client(stand_in).session as session:
            auth = (stand_in.key_id, stand_in.key_secret)
            sdk = razorpay.Client(session=session, auth=auth, base_url=stand_in.url)
            order_id = sdk.order.create({"amount": 50_000, "currency": "INR"})["id"]
        stand_in.pay(order_id)
        time.sleep(0.3)
        stand_in.stop()
        receiver = Receiver(port)
        try:
            stand_in.start()
            receiver.wait_for("payment.captured")
            wait_until(lambda: {event["state"] for event in stand_in.webhooks()} == {"delivered"})
        finally:
            receiver.close()


def test_the_thin_methods_say_why_something_is_refused(stand_in: StandIn) -> None:
    with pytest.raises(StandInFailed, match="The id provided does not exist"):
        stand_in.pay("order_00000000000000")
    stand_in.faults([{"match": "POST /v1/orders", "fault": "slow"}])
    stand_in.clear_faults()
    assert stand_in.control("GET", "/faults")["items"] == []
    assert stand_in.ledger()["totals"]["captured"] == 0


def test_a_reset_leaves_nothing_but_the_float(stand_in: StandIn) -> None:
    with client(stand_in).session as session:
        auth = (stand_in.key_id, stand_in.key_secret)
        sdk = razorpay.Client(session=session, auth=auth, base_url=stand_in.url)
        stand_in.pay(sdk.order.create({"amount": 50_000, "currency": "INR"})["id"])
        stand_in.faults([{"match": "POST /v1/orders", "fault": "slow"}])
        stand_in.kill()
        stand_in.reset()
        assert sdk.order.all()["items"] == []
    assert stand_in.webhooks() == []
    assert stand_in.control("GET", "/faults")["items"] == []
    seen = stand_in.ledger()
    assert (seen["balances"], seen["payments"]) == ({"gateway": 0, "payout": 100_000_000}, [])


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    port = free_port()
    script = (
        "import os, pathlib, sys\n"
        "from sandbox.testing import StandIn\n"
        f"stand_in = StandIn(state=pathlib.Path({str(tmp_path / 'state.sqlite3')!r}), "
        f"webhook_url='http://127.0.0.1:9/', port={port})\n"
        "stand_in.start()\n"
        "print(stand_in.process.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    started = subprocess.run([sys.executable, "-c", script], cwd=FOLDER, capture_output=True, text=True, check=True)
    wait_until(lambda: not _lives(int(started.stdout)), what="the end of the orphan")


def _lives(process_id: int) -> bool:
    status = Path(f"/proc/{process_id}/status")
    if status.exists():
        return "State:\tZ" not in status.read_text()
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_production_is_refused_by_the_command() -> None:
    environment = {**os.environ, "KHIDMA_ENV": "production"}
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "KHIDMA_ENV=production" in ended.stderr


def test_the_environment_decides_where_everything_is() -> None:
    with pytest.raises(StartRefused, match="PORT"):
        from_environment({"PORT": "eighty"})
    configuration = from_environment({"PORT": "9000", "KHIDMA_HOME": "/somewhere"})
    assert configuration.port == 9001
    assert configuration.state == Path("/somewhere/sandbox.sqlite3")
    assert configuration.webhook_url == "http://127.0.0.1:9000/api/webhooks/payment"


def test_one_state_file_has_one_stand_in(tmp_path: Path) -> None:
    configuration = from_environment({"KHIDMA_HOME": str(tmp_path)})
    store = Store(configuration)
    try:
        with pytest.raises(StateInUse):
            Store(configuration, patience=0.1)
    finally:
        store.close()
    Store(configuration).close()
