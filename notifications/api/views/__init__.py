"""The views of notifications, by noun."""
