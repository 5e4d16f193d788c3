"""Reports on conformance runs, one module for each format."""
