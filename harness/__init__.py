"""Load-testing and conformance harness for XMPP servers."""

__version__ = "0.1.0"
