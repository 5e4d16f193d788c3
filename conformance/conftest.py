"""Plain `pytest conformance --target T` works; see `conformance.suite.plugin`."""

from conformance.suite.plugin import *  # noqa: F403 - its hooks and fixtures become this file's
