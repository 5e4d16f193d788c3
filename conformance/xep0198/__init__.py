"""XEP-0198, stream management: acknowledgements and resumption."""
