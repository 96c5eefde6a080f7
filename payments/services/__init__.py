"""Every write of payments, one function per use case."""
