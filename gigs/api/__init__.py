"""The HTTP API of gigs."""
