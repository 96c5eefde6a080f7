"""A request for every unsafe operation of the OpenAPI document, each on ground of its own, prepared by services."""

from verify.idempotency import desk, files, gigs, money, orders, people, talking
from verify.idempotency.cases import MAKERS, Case

__all__ = ["MAKERS", "Case", "desk", "files", "gigs", "money", "orders", "people", "talking"]
