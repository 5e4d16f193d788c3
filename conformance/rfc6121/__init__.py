"""Cases of RFC 6121."""
