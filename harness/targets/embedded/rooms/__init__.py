"""Rooms (XEP-0045): `service` takes the stanzas, `room` is the state of one room, `reflection` its
presence, `entry` who comes and goes, `messages` what is said, `admin` and `owner` who rules."""
