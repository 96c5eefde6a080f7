"""Tests of the stand-in, driven over real HTTP by the unmodified SDK."""
