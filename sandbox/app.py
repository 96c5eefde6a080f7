"""The stand-in as one ASGI app: every operation on its path, the state file open as long as it runs."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import (
    banking,
    book,
    checkout,
    contacts,
    control,
    disputes,
    orders,
    payments,
    payouts,
    refunds,
    settlements,
    validations,
    work,
)
from sandbox.calls import Operation
from sandbox.configuration import Configuration
from sandbox.connections import Breakable
from sandbox.errors import Rejected
from sandbox.serving import Desk, control_endpoint, gateway_endpoint, show_rejection, show_unknown_url
from sandbox.state import Store

# In this order, because /v1/fund_accounts/validations also looks like a fund account.
OPERATIONS: list[Operation] = [
    *orders.OPERATIONS,
    *payments.OPERATIONS,
    *refunds.OPERATIONS,
    *validations.OPERATIONS,
    *contacts.OPERATIONS,
    *payouts.OPERATIONS,
    *banking.OPERATIONS,
    *settlements.OPERATIONS,
    *disputes.OPERATIONS,
]
log = logging.getLogger("sandbox")


def create_app(configuration: Configuration) -> ASGIApp:
    """The stand-in under this configuration; its state opens with the lifespan."""
    desk = Desk(configuration)
    routes = [Route(one.path, gateway_endpoint(desk, one), methods=[one.method]) for one in OPERATIONS]
    routes += [Route(one.path, control_endpoint(desk, one), methods=[one.method]) for one in control.OPERATIONS]
    routes += checkout.routes(lambda: desk.store)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _open(desk):
            yield

    handlers = {HTTPException: show_unknown_url, Rejected: show_rejection}
    return Breakable(Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers))


@asynccontextmanager
async def _open(desk: Desk) -> AsyncIterator[None]:
    """Open the state file and take up again what an earlier process left undone."""
    desk.open_store = Store(desk.configuration)
    with desk.store.transaction():
        book.open_book(desk.store)
        desk.store.set("webhook_enabled", True)
    heart = asyncio.create_task(work.keep_going(desk.store))
    heart.add_done_callback(_stop_if_dead)
    try:
        yield
    finally:
        heart.cancel()
        with suppress(asyncio.CancelledError):
            await heart
        desk.store.close()
        desk.open_store = None


def _stop_if_dead(heart: asyncio.Task[None]) -> None:
    """Without its heart-beat the stand-in is of no use: say so and end."""
    if not heart.cancelled() and heart.exception() is not None:
        log.critical("The work of the stand-in died.", exc_info=heart.exception())
        os.kill(os.getpid(), signal.SIGTERM)
