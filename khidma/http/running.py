"""How an operation that may write is run: once per idempotency key, in one transaction, or as it says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from khidma.http import idempotency
from khidma.http.answers import AfterCommit
from khidma.http.handler import STARTED_OVER, error_response, sqlstate
from khidma.kernel.errors import Invalid, Malformed

if TYPE_CHECKING:
    from khidma.http.views import ApiView

logger = logging.getLogger(__name__)

UNASKED_NAMED = 20


class Run:
    """One run of one operation."""

    def __init__(self, view: ApiView, method: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self.view = view
        self.described = view.described
        self.method = method
        self.arguments = arguments
        self.claim: idempotency.Claim | None = None

    def answer(self) -> HttpResponse:
        """The response, also to what was refused; remembered under the idempotency key if there is one."""
        try:
            self.claim = idempotency.claim(self.view.request, self._fingerprinted)
            return self._in_one_transaction() if self.described.atomic else self._in_its_own_transactions()
        except Exception as error:
            response = error_response(error)
            return self.claim.remember_refusal(response, is_undone=self.described.atomic) if self.claim else response

    def _fingerprinted(self) -> bytes:
        """What tells two requests under one key apart: the body, but for the random boundary of an upload."""
        return self.view.upload.fingerprint if self.described.upload else self.view.raw_body

    def _in_one_transaction(self) -> HttpResponse:
        try:
            return self._attempt()
        except OperationalError as error:
            if sqlstate(error) not in STARTED_OVER or connections[DEFAULT_DB_ALIAS].in_atomic_block:
                raise
            # PostgreSQL undid everything to end a deadlock, and the method has not left the process: do it again, once.
            return self._attempt()

    def _attempt(self) -> HttpResponse:
        with transaction.atomic():
            is_first = self.claim.take() if self.claim else True
            if is_first:
                after, response = self._call()
        if not is_first and self.claim:
            return self.claim.earlier()
        return self._after_commit(after, response) if after else response

    def _call(self) -> tuple[AfterCommit | None, HttpResponse]:
        try:
            result = self.method(self.view, self.view.request, **self.arguments)
        except tuple(self.described.counted) as refusal:
            return None, self._counted(refusal)
        self._refuse_unasked_body()
        after = result if isinstance(result, AfterCommit) else None
        response = self.view.respond(after.result if after else result)
        if self.claim and not (after and after.needed):
            self.claim.keep(response, is_final=after is None)
        return after, response

    def _counted(self, refusal: Exception) -> HttpResponse:
        response = error_response(refusal)
        if self.claim:
            self.claim.settle(response)
        return response

    def _after_commit(self, after: AfterCommit, response: HttpResponse) -> HttpResponse:
        try:
            replacement = after.then()
            if replacement is not None:
                response = self.view.respond(replacement)
        except Exception as error:
            fault = error_response(error)  # which logs what nobody expects
            logger.warning("after_commit_failed", extra={"exception": type(error).__qualname__})
            response = fault if after.needed else response
        if self.claim:
            self.claim.settle(response)
        return response

    def _in_its_own_transactions(self) -> HttpResponse:
        self._refuse_unasked_body()
        if self.claim and not self.claim.take():
            return self.claim.earlier()
        result = self.method(self.view, self.view.request, **self.arguments)
        if isinstance(result, AfterCommit):
            replacement = result.then()
            result = result.result if replacement is None else replacement
        response = self.view.respond(result)
        if self.claim:
            self.claim.settle(response)
        return response

    def _refuse_unasked_body(self) -> None:
        """An operation without a body takes none, or an empty object; checked last, so that 404 and 403 come first."""
        described = self.described
        if described.body is None and not described.raw and not described.upload and self.view.raw_body:
            unasked = self.view.json
            if not isinstance(unasked, dict):
                raise Malformed
            if unasked:
                raise Invalid(
                    details={name[:100]: [_("There is no such field.")] for name in list(unasked)[:UNASKED_NAMED]}
                )
