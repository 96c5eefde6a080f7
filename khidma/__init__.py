"""Khidma: a marketplace for services."""

from khidma.celery import app as celery_app

__all__ = ["celery_app"]
