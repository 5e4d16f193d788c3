"""Client State Indication."""
