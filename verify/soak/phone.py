"""A good phone app: asks again with the same key until it knows, and writes down what it was told."""

import asyncio
import random
import re
import time
from typing import Any
from uuid import uuid4

import httpx

from verify.proof import Run
from verify.soak.log import Log

CODE = re.compile(r"\b\d{6}\b")
PATIENCE = 150.0
PAUSE = 0.3
AWAY = {502: {"gateway_unavailable"}, 503: {"service_unavailable", "gateway_unavailable"}}
GIVES_UP = 0.02
ASKS_ONCE_MORE = 0.08


class GaveUp(Exception):
    """The person has closed the app in the middle of a request, and will never know what came of it."""


class Refused(Exception):
    """The server said no."""

    def __init__(self, status: int, code: str, asked: str) -> None:
        super().__init__(f"{asked} answered {status} {code}")
        self.status, self.code = status, code


class Stuck(Exception):
    """What the server was to do by itself did not happen in time."""


class Phone:
    """One person's app."""

    def __init__(self, run: Run, log: Log, url: str, number: str, randomness: random.Random) -> None:
        self.run, self.log, self.number, self.random = run, log, number, randomness
        self.user_id = ""
        self._refresh = ""
        self._http = httpx.AsyncClient(base_url=url, timeout=12, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def log_in(self) -> None:
        """With a code by SMS."""
        await self._open("/api/auth/send-otp", {"phone": self.number})
        box = await self._until_answered("GET", "/dev/outbox.json", params={"to": self.number, "limit": 1})
        found = CODE.search(box.json()["data"][0]["body"])
        if not found:
            raise Stuck(f"No code for {self.number}.")
        answer = await self._open("/api/auth/verify-otp", {"phone": self.number, "otp": found.group()})
        self.user_id = answer["user"]["id"]
        self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        self._refresh = answer["refreshToken"]
        self._http.headers["Authorization"] = f"Bearer {answer['token']}"

    async def _open(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._until_answered("POST", path, json=body)
        if response.status_code != 200:
            raise Refused(response.status_code, _code(response), path)
        return dict(response.json())

    async def _renew(self) -> None:
        try:
            self._take(await self._open("/api/auth/refresh", {"refreshToken": self._refresh}))
        except Refused:
            await self.log_in_patiently()

    async def log_in_patiently(self) -> None:
        """A code may be spent by a request whose answer was lost; the next one is for the asking."""
        for attempt in range(6):
            try:
                return await self.log_in()
            except Refused:
                await asyncio.sleep(5 * (attempt + 1))
        raise Stuck(f"{self.number} cannot log in.")

    async def get(self, path: str) -> Any:
        """What is there."""
        return await self._call("GET", path, None, {})

    async def surely(self, method: str, path: str, body: Any) -> Any:
        """One act that this person does not give up."""
        return await self._call(method, path, body, {"Idempotency-Key": str(uuid4())})

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """One act, under one key until it is known what came of it. :raises Refused: it was not to be."""
        key = {"Idempotency-Key": str(uuid4())}
        first = await self._call(method, path, body, key, may_give_up=True)
        if self.random.random() < ASKS_ONCE_MORE:
            again = await self._call(method, path, body, key)
            self.log.replayed += 1
            if again != first:
                self.run.violation(f"{method} {path} asked again under its key answered {again}, first {first}")
        return first

    async def _call(
        self, method: str, path: str, body: Any, headers: dict[str, str], *, may_give_up: bool = False
    ) -> Any:
        response = await self._until_answered(method, path, json=body, headers=headers, may_give_up=may_give_up)
        if response.status_code == 401:
            await self._renew()
            response = await self._until_answered(method, path, json=body, headers=headers)
        if response.is_success:
            answer = response.json()
            return answer.get("data", answer)
        raise Refused(response.status_code, _code(response), f"{method} {path}")

    async def _until_answered(
        self, method: str, path: str, *, may_give_up: bool = False, **options: Any
    ) -> httpx.Response:
        began = time.monotonic()
        while True:
            self.log.requests += 1
            what = await self._once(method, path, options)
            if isinstance(what, httpx.Response):
                return what
            self.log.repeated += 1
            if may_give_up and self.random.random() < GIVES_UP:
                self.log.abandoned += 1
                raise GaveUp
            if time.monotonic() - began > PATIENCE:
                self.run.violation(f"{method} {path} was not answered for {PATIENCE:.0f} s, last {what}")
                raise Stuck(f"{method} {path}")
            await asyncio.sleep(PAUSE * (1 + self.random.random()))

    async def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response | str:
        """The answer, or what came instead of one."""
        try:
            response = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            return type(error).__name__
        if response.status_code < 500:
            return response
        if _code(response) not in AWAY.get(response.status_code, set()):
            self.run.violation(f"{method} {path} answered {response.status_code}: {response.text[:300]}")
        self.log.unavailable += 1
        return str(response.status_code)


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
