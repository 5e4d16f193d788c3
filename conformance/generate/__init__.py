"""Hypothesis strategies for what a client may send, and for what it may not."""
