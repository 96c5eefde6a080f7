"""Idempotency keys: the first answer again, also for twins that arrive at the same moment."""

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from khidma.http.errors import IdempotencyConflict
from khidma.http.models import IdempotencyRecord
from khidma.http.renderers import CONTENT_TYPE
from khidma.kernel.clock import Now
from khidma.kernel.errors import Invalid, Unavailable
from khidma.kernel.ids import new_id
from khidma.kernel.sealing import seal, unseal

logger = logging.getLogger(__name__)

KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
KEPT = timedelta(hours=24)
SETTLES_WITHIN = timedelta(seconds=30)
PATIENCE_SECONDS = 8.0
NOT_FOR = ("/api/auth/", "/api/webhooks/payment")
OF_THE_MOMENT = frozenset({401, 408, 429})
REPLAYED_HEADERS = ("Location",)

TAKE = """
    INSERT INTO http_idempotencyrecord AS record
        (id, created_at, scope, caller_id, operation, fingerprint, status, answer, settles_at)
    VALUES (%s, khidma_now(), %s, %s, %s, %s, NULL, '', khidma_now() + %s)
    ON CONFLICT (scope) DO UPDATE SET
        id = excluded.id, created_at = excluded.created_at, fingerprint = excluded.fingerprint,
        status = NULL, answer = '', settles_at = excluded.settles_at
    WHERE record.created_at < khidma_now() - %s OR (record.status IS NULL AND record.settles_at < khidma_now())
    RETURNING id
"""


def claim(request: Request, body: Callable[[], bytes]) -> "Claim | None":
    """The claim of a request on its idempotency key, if it has one that counts. :raises Invalid: the key is no key."""
    key = request.headers.get("Idempotency-Key")
    if key is None or not request.user.is_authenticated or request.path.startswith(NOT_FOR):
        return None
    if not KEY.fullmatch(key):
        raise Invalid(details={"Idempotency-Key": [str(_("Must be 1 to 255 visible characters."))]})
    return Claim(request, key, body())


class Claim:
    """One request's claim on a key. Scope: the caller, the method, the path and the key."""

    def __init__(self, request: Request, key: str, body: bytes) -> None:
        self.id = new_id()
        self.caller_id = request.user.pk
        self.scope = _hash(str(self.caller_id), str(request.method), request.path, key)
        self.operation = f"{request.method} {getattr(request.resolver_match, 'route', '')}"[:200]
        self.fingerprint = hashlib.sha256(body).hexdigest()
        self.was_taken = False

    def take(self) -> bool:
        """Make the key ours. False: somebody had it first (a twin still under way is waited for by the database)."""
        with connection.cursor() as cursor:
            identity = [self.id, self.scope, self.caller_id, self.operation, self.fingerprint]
            values: list[Any] = [*identity, SETTLES_WITHIN, KEPT]
            cursor.execute(TAKE, values)
            taken = cursor.fetchone() is not None
        self.was_taken = self.was_taken or taken
        return taken

    def keep(self, response: HttpResponse, *, is_final: bool) -> None:
        """Write down the answer, in the transaction of what it answers for."""
        settles_at = None if is_final else Now() + SETTLES_WITHIN
        self._mine().update(status=response.status_code, answer=self._sealed(response), settles_at=settles_at)

    def settle(self, response: HttpResponse) -> None:
        """Write down the last word on what is committed already; a fault is forgotten, to be tried again."""
        if _is_remembered(response):
            self.keep(response, is_final=True)
        else:
            self._mine().delete()

    def remember_refusal(self, response: HttpResponse, *, is_undone: bool) -> HttpResponse:
        """Write down a refusal; if a twin got another answer since, that counts.

        A fault is forgotten, to be tried again. Where the claim was in one transaction with all the rest (`is_undone`)
        it went with it, and if it is there nevertheless, then the word of a commit was lost, and it must stay.
        """
        if not self.was_taken:
            return response
        try:
            if not _is_remembered(response):
                if not is_undone:
                    self._mine().delete()
                return response
            with transaction.atomic():
                is_ours = self._mine().exists() or self.take()
                if is_ours:
                    self.keep(response, is_final=True)
            return response if is_ours else self.earlier()
        except DatabaseError:
            logger.warning("refusal_not_remembered", extra={"operation": self.operation})
            return response

    def earlier(self) -> HttpResponse:
        """The first answer. Call it outside the transaction: it may have to wait for a twin to end.

        :raises IdempotencyConflict: the key was used with another body.
        :raises Unavailable: the first request has not ended.
        """
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            record = self._first_claim()
            if record is None:
                break
            if record.fingerprint != self.fingerprint:
                raise IdempotencyConflict
            if record.has_settled:
                return self._replay(record)
            time.sleep(0.05)
        raise Unavailable(retry_after=1)

    def _first_claim(self) -> Any:
        """The record as it stands; an answer whose last word is overdue, because its process died, counts as it is."""
        settled = Q(settles_at__isnull=True) | Q(settles_at__lte=Now(), status__isnull=False)
        return IdempotencyRecord.objects.filter(scope=self.scope).annotate(has_settled=settled).first()

    def _mine(self) -> Any:
        return IdempotencyRecord.objects.filter(pk=self.id)

    @property
    def _binding(self) -> str:
        return f"idempotency:{self.scope}"

    def _sealed(self, response: HttpResponse) -> str:
        headers = {name: response[name] for name in REPLAYED_HEADERS if name in response}
        return seal(json.dumps({"body": response.content.decode(), "headers": headers}), binding=self._binding)

    def _replay(self, record: IdempotencyRecord) -> HttpResponse:
        kept = json.loads(unseal(record.answer, binding=self._binding))
        response = HttpResponse(kept["body"], status=record.status, content_type=CONTENT_TYPE, headers=kept["headers"])
        response["Idempotent-Replayed"] = "true"
        return response


def _is_remembered(response: HttpResponse) -> bool:
    return response.status_code < 500 and response.status_code not in OF_THE_MOMENT


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
