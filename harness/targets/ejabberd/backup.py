"""A backup of Mnesia tables, as ejabberd's command `restore` takes it in: it adds rows at twice the
speed of `load`, which has to parse text.

A backup (Mnesia's format 1.2) is a log of Erlang's disk_log: a header, a description of the table,
then the rows. Each is one term in Erlang's external term format, behind its size and a magic
number. The functions for terms take and give encoded ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack
from typing import BinaryIO

_LOG = bytes([1, 2, 3, 4, 99, 88, 77, 11])  # a log that was closed in good order
_MAGIC = b"bWLA"
_VERSION = b"\x83"  # of the external term format
NIL = b"j"  # the empty list


def atom(name: str) -> bytes:
    """An atom of at most 255 bytes."""
    encoded = name.encode()
    return pack(">cB", b"w", len(encoded)) + encoded


def integer(number: int) -> bytes:
    """A signed integer of 32 bits."""
    return pack(">ci", b"b", number)


def binary(text: str) -> bytes:
    """A text in UTF-8, which is what ejabberd keeps names and keys in."""
    encoded = text.encode()
    return pack(">cI", b"m", len(encoded)) + encoded


def tuple_of(*terms: bytes) -> bytes:
    """A tuple of at most 255 terms."""
    return pack(">cB", b"h", len(terms)) + b"".join(terms)


def list_of(*terms: bytes) -> bytes:
    """A proper list."""
    return pack(">cI", b"l", len(terms)) + b"".join(terms) + NIL if terms else NIL


def write(out: BinaryIO, table: bytes, rows: Iterable[bytes]) -> None:
    """Write a backup of these rows of one table, which is known by this atom."""
    out.write(_LOG)
    out.write(_item(_header()))
    described = list_of(tuple_of(atom("name"), table))
    out.write(_item(tuple_of(atom("schema"), table, described)))
    out.writelines(map(_item, rows))


def _header() -> bytes:
    midnight = tuple_of(integer(0), integer(0), integer(0))
    date = tuple_of(integer(2000), integer(1), integer(1))
    return tuple_of(
        atom("log_header"),
        atom("backup_log"),
        _characters("1.2"),
        _characters("4.0"),  # of Mnesia, which does not look at it, nor at what follows
        atom("nonode@nohost"),
        tuple_of(date, midnight),
    )


def _characters(text: str) -> bytes:
    return pack(">cH", b"k", len(text)) + text.encode()


def _item(term: bytes) -> bytes:
    """An item of the log. One of 64 KB or more would need a checksum; rows are far from that."""
    return pack(">I", len(term) + 1) + _MAGIC + _VERSION + term
