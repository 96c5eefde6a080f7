"""Measurements, each against a server of its own."""
