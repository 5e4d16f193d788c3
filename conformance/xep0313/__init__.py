"""Message Archive Management."""
