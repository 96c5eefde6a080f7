"""The ways the gateway says no, in the shape of its error body."""

from typing import Any

NOT_FOUND_URL = "The requested URL was not found on the server."
SERVER_TROUBLE = "We are facing some trouble completing your request at the moment. Please try again shortly."


class Rejected(Exception):
    """A request that the gateway answers with an error body; nothing of it is kept."""

    def __init__(
        self,
        description: str,
        *,
        field: str | None = None,
        status: int = 400,
        code: str = "BAD_REQUEST_ERROR",
        reason: str = "input_validation_failed",
        source: str = "business",
        step: str | None = "payment_initiation",
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error: dict[str, Any] = {
            "code": code,
            "description": description,
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": metadata or {},
        }
        if field is not None:
            self.error["field"] = field

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def no_such_url() -> Rejected:
    """An unknown path, a wrong verb and a feature that is not enabled look the same."""
    return Rejected(NOT_FOUND_URL, source="NA", step="NA", reason="NA")


def authentication_failed() -> Rejected:
    return Rejected("Authentication failed", status=401, source="NA", step="NA", reason="NA")


def conflict() -> Rejected:
    """The first request with this idempotency key has not ended."""
    return Rejected(
        "Request failed because another request with the same idempotency key is in progress.",
        status=409,
        source="NA",
        step="NA",
        reason="NA",
    )


def throttled() -> Rejected:
    return Rejected("Throttling Error", status=429, source="NA", step="NA", reason="NA")


def server_trouble() -> Rejected:
    return Rejected(SERVER_TROUBLE, status=500, code="SERVER_ERROR", source="NA", step="NA", reason="NA")
