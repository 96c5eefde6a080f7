"""Demo data, made through the same services as real traffic."""

from operations.seeding.seed import seed

__all__ = ["seed"]
