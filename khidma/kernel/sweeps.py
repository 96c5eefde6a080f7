"""Periodic work: functions that find what is due, put on the clock by a decorator."""

from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.utils.module_loading import autodiscover_modules

PUBLISHED_AT = "published_at"
"""The header in which every task carries the moment, in seconds since the epoch, when it was put into the queue."""

_sweeps: dict[str, float] = {}


def sweep(*, every: float) -> Callable[[Callable[[], Any]], Any]:
    """Make a function without arguments a task that runs every so many seconds."""

    def register(function: Callable[[], Any]) -> Any:
        name = f"{function.__module__}.{function.__qualname__}"
        _sweeps[name] = every
        return shared_task(name=name, ignore_result=True)(function)

    return register


def schedule() -> dict[str, dict[str, Any]]:
    """The schedule for the alarm clock; a run that could not start before the next one is due is dropped."""
    autodiscover_modules("tasks")
    return {
        name: {"task": name, "schedule": every, "options": {"expires": max(every, 1.0)}}
        for name, every in sorted(_sweeps.items())
    }
