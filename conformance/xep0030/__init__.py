"""Service Discovery."""
