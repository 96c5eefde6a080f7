"""Figures for Prometheus out of the table of maximum ages: how many, how many over age, how old the oldest."""

import threading
import time
from collections.abc import Iterator

import structlog
from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from khidma.kernel.aging import Measured, measure

FRESH_SECONDS = 15.0
"""However often somebody asks, the database is asked no more often than this by a process."""

log = structlog.get_logger(__name__)


class AgeCollector(Collector):
    """Measures when it is asked, and remembers for a while; without a database it says nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured: list[Measured] = []
        self._measured_at = float("-inf")

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: so that registering it asks nothing of the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each figure, one line in it for each row of the table."""
        rows = self._rows()
        there = GaugeMetricFamily("khidma_in_flight", "How many are there.", labels=["row"])
        over = GaugeMetricFamily("khidma_over_age", "How many are over their maximum age.", labels=["row"])
        oldest = GaugeMetricFamily("khidma_oldest_seconds", "How old the oldest is.", labels=["row"])
        for row in rows:
            there.add_metric([row.name], row.count)
            over.add_metric([row.name], row.over)
            if row.oldest is not None:
                oldest.add_metric([row.name], row.oldest.total_seconds())
        yield from (there, over, oldest)

    def _rows(self) -> list[Measured]:
        with self._lock:
            if time.monotonic() - self._measured_at > FRESH_SECONDS:
                try:
                    self._measured = measure()
                except DatabaseError as error:
                    log.warning("ages_not_measured", error=type(error).__name__)
                    self._measured = []
                self._measured_at = time.monotonic()
            return self._measured


ages = AgeCollector()
