"""Proofs against the whole running system."""
