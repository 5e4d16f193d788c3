"""What a server says of itself while it is under load: its own count of sessions, and the like.

A target that has such statistics returns a `Source` from `statistics()`. A process of its own
(`python -m harness.statistics`) asks the source once a second, so that asking, parsing and waiting
cost the generator nothing; `Observer` starts it and takes what it has said.
"""
