"""Multi-User Chat."""
