"""Personal Eventing Protocol."""
