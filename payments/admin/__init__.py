"""Payments for operators: everything can be looked at, nothing can be edited; buttons call services."""

from payments.admin import checks, payouts, reconciling, records, returning, taxes

__all__ = ["checks", "payouts", "reconciling", "records", "returning", "taxes"]
