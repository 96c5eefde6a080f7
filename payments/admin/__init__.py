"""Payments for operators: everything can be looked at, nothing can be edited; buttons call services."""

from payments.admin import reconciling, records

__all__ = ["reconciling", "records"]
