"""The operations of gigs, by resource."""
