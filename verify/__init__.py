"""Proofs against the whole running system: long, repeatable from a seed, and red when something is broken on purpose."""
