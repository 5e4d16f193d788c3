"""Entity Capabilities."""
