"""Logs: one JSON object a line in production, readable locally; only fields on a list, no bodies, no personal data."""

import logging
import sys
import traceback
from typing import Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.typing import EventDict, Processor, WrappedLogger

from khidma.http.metrics import route_of
from khidma.kernel.context import request_id

ALLOWED = frozenset(
    {
        "event", "level", "logger", "timestamp", "request_id", "exception", "stack",
        "method", "route", "status", "duration_ms", "size", "user_id",
        "limit", "operation", "sqlstate", "constraint", "code", "task", "handler", "name", "kind", "attempts", "count",
        "seconds", "delay", "host", "provider", "channel", "category", "queue", "pid", "port", "version",
    }
)  # fmt: skip
NEVER = frozenset({"token", "otp", "password", "secret", "phone", "email", "body"})

logger = logging.getLogger("khidma.requests")


def log_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """The one line that each request leaves."""
    level = logging.ERROR if response.status_code == 500 else logging.INFO
    fields = {
        "method": str(request.method)[:10],
        "route": route_of(request),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000, 1),
    }
    logger.log(level, "request", extra=fields)


def only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list; ids of records may pass."""
    return {
        name: one_line(value)
        for name, value in event.items()
        if name in ALLOWED or (name.endswith("_id") and name not in NEVER) or name.startswith("_")
    }


def one_line(value: Any) -> Any:
    """A text that cannot pretend to be another line."""
    if isinstance(value, str) and not value.isprintable():
        return value.encode("unicode_escape").decode("ascii")
    return value


def add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if current := request_id.get():
        event["request_id"] = current
    return event


def without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception as its type and its frames: messages of databases and libraries carry the values they choked on."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        cause = error.__cause__ or error
        event["exception"] = type(error).__qualname__
        event["sqlstate"] = getattr(cause, "sqlstate", None)
        event["constraint"] = getattr(getattr(cause, "diag", None), "constraint_name", None)
        frames = traceback.extract_tb(error.__traceback__)
        event["stack"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


SHARED: list[Processor] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    add_request_id,
]


def configure_structlog() -> None:
    """Hand structlog's lines to the standard loggers; once per process, for loggers keep what they first saw."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(*, readable: bool, level: str = "INFO") -> dict[str, Any]:
    """Django's `LOGGING`: everything to standard output, through the same processors."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "khidma": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [*_ending(readable=readable)],
            }
        },
        "handlers": {
            "standard": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "khidma"}
        },
        "root": {"handlers": ["standard"], "level": level},
        "loggers": {
            "django.request": {"level": "CRITICAL"},  # the line of khidma.requests says it
            "django.server": {"level": "CRITICAL"},
            "django.security": {"level": "ERROR"},
            "uvicorn.access": {"level": "CRITICAL", "propagate": False},  # it would log tokens of `/ws?token=`
            "httpx": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


def _ending(*, readable: bool) -> list[Processor]:
    """What turns the fields into a line; tracebacks in full only for the developer's own eyes."""
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if readable:
        return [
            remove_meta,
            keep_exception_apart,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    return [without_values, remove_meta, only_allowed, structlog.processors.JSONRenderer(ensure_ascii=False)]


def keep_exception_apart(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The listed fields in one line, and the traceback below for whoever sits before the screen."""
    info = event.pop("exc_info", None)
    event = only_allowed(_logger, _method, event)
    if info:
        event["exc_info"] = info
    return event
