"""The stand-in's heart-beat: does what is due, each piece in one transaction with its removal, and sends webhooks."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from sandbox import payments, payouts, refunds, validations
from sandbox.state import Store
from sandbox.webhooks import Courier

LONGEST_SLEEP = 1.0
TASKS: dict[str, Callable[[Store, str], None]] = {
    "authorise_payment": payments.authorise_due,
    "lapse_payment": payments.lapse_due,
    "expire_payment": payments.expire_due,
    "process_refund": refunds.process_due,
    "fail_refund": refunds.fail_due,
    "complete_validation": validations.complete_due,
    "process_payout": payouts.process_due,
}
log = logging.getLogger("sandbox")


def do_due(store: Store) -> int:
    """Everything that is due now; how many pieces it was."""
    done = 0
    while True:
        with store.transaction():
            taken = store.take_due_work()
            if taken is None:
                return done
            task, document_id = taken
            TASKS[task](store, document_id)
        done += 1


async def keep_going(store: Store) -> None:
    """Run until cancelled, woken by every change."""
    woken = asyncio.Event()
    store.on_change = woken.set
    courier = Courier(store)
    try:
        while True:
            woken.clear()
            _stop_without_parent(store)
            do_due(store)
            courier.start_due()
            due_in = courier.next_due_in()
            pause = LONGEST_SLEEP if due_in is None else min(due_in, LONGEST_SLEEP)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, 0.005)):
                    await woken.wait()
    finally:
        await courier.close()


def _stop_without_parent(store: Store) -> None:
    """End this process when the one that started it has gone, so that a killed test leaves none behind."""
    parent = store.configuration.parent
    if parent is not None and os.getppid() != parent:
        log.warning("The process that started the stand-in has gone: stopping.")
        os.kill(os.getpid(), signal.SIGTERM)
