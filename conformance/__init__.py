"""The conformance suite: generated cases, graded verdicts, one folder for each specification.

catalogue/   the requirements, as data
wire/        the raw client: any bytes, every event, a transcript, steps for the replay
suite/       what a case is, how it is judged, run, compared with known deviations
verdicts.py  how outcomes are graded
rfc6120/     the cases, one file for each section
player.py    the replay, Python's standard library only
"""
