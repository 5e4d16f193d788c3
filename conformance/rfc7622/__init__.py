"""Cases of RFC 7622: what is an address, and which addresses are the same."""
