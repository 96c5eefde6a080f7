"""One POST to a receiver: to the address that was checked, within its time, following nobody and reading little."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import certifi
import httpcore

from notifications.models import Failure
from notifications.providers.receivers.addresses import AddressRefused, Receiver, receiver_of, resolve

CONNECT_SECONDS = 3.0
"""For the name and the connection."""
TOTAL_SECONDS = 10.0
"""For everything, however slowly the other side speaks."""
MOST_READ = 16_384
"""Bytes of the answer's body that are read at most; nobody looks at them."""
GOODBYE_SECONDS = 0.5
BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError)


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: `status` where there was an answer, `milliseconds` until then or until it failed."""

    milliseconds: int
    status: int | None = None
    failure: str = ""

    @property
    def is_success(self) -> bool:
        return not self.failure


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to one receiver, by an address that was just resolved and checked; the name stays for TLS and Host."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """:raises AddressRefused: it leads where we do not send. :raises httpcore.ConnectError: nobody is there."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await resolve(self.receiver)
                return await self._first_of([str(address) for address in addresses], port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def _first_of(self, addresses: list[str], port: int) -> httpcore.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self.network.connect_tcp(address, port)
            except httpcore.ConnectError:
                continue
        return await self.network.connect_tcp(addresses[-1], port)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates we believe."""
    return ssl.create_default_context(cafile=certifi.where())


async def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send once; whatever the other side does, it is an outcome. No connection is kept: each call resolves anew."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            status = await _status_of(receiver_of(url), body, headers)
    except AddressRefused:
        return _after(began, failure=Failure.REFUSED)
    except (TimeoutError, httpcore.TimeoutException):
        return _after(began, failure=Failure.TIMEOUT)
    except (*BROKEN, OSError):
        return _after(began, failure=Failure.UNREACHABLE)
    return _after(began, status=status, failure="" if 200 <= status < 300 else Failure.ANSWER)


async def _status_of(receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> int:
    url = httpcore.URL(
        scheme=receiver.scheme.encode(),
        host=receiver.host.encode(),
        port=receiver.port,
        target=receiver.target.encode(),
    )
    network = CheckedNetwork(receiver)
    async with (
        httpcore.AsyncHTTPConnection(url.origin, ssl_context=trusted(), network_backend=network) as connection,
        connection.stream("POST", url, headers=list(headers.items()), content=body) as answer,
    ):
        await _leave_in_order(answer)
        return answer.status


async def _leave_in_order(answer: httpcore.Response) -> None:
    """Read a little of the body, so that a well-behaved server is not cut off. Its status counts, whatever follows."""
    read = 0
    with suppress(TimeoutError, *BROKEN):
        async with asyncio.timeout(GOODBYE_SECONDS):
            async for chunk in answer.aiter_stream():
                read += len(chunk)
                if read > MOST_READ:
                    return


def _after(began: float, *, status: int | None = None, failure: str = "") -> Outcome:
    return Outcome(milliseconds=round((time.monotonic() - began) * 1000), status=status, failure=failure)
