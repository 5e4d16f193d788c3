"""Entity Time."""
