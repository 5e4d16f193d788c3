"""Blocking Command."""
