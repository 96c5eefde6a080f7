"""Checks of the whole code that no ready-made tool has."""
