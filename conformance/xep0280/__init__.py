"""Message Carbons."""
