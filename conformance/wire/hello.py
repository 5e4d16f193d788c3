"""The first flight of a TLS handshake, byte by byte (RFC 5246 section 7.4, RFC 8446 section 4).

Python's ssl offers only what its OpenSSL was built for; what a server does with an offer of SSL 3.0
or of suites without encryption shows in the answer to a ClientHello that is merely bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.wire.connection import Connection

PATIENCE_S = 5.0
SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
NAMES = {SSL3: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3"}

# Suites of TLS 1.2 and older, by what speaks for or against them (RFC 9325 section 4).
NULL = (0x0001, 0x0002, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010)
RC4 = (0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011)
EXPORT = (0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0009, 0x0012, 0x0015)
ANONYMOUS = (0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x00A6, 0xC017, 0xC018, 0xC019)
TRIPLE_DES = (0x000A, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012)
RSA_AES_128_CBC_SHA = 0x002F
STATIC_RSA = (RSA_AES_128_CBC_SHA, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D)
DHE_GCM = (0x009E, 0x009F)
ECDHE_GCM = (0xC02B, 0xC02C, 0xC02F, 0xC030)
ECDHE_CBC = (0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC024, 0xC027, 0xC028)
FORWARD_SECRET = (*ECDHE_GCM, *DHE_GCM, *ECDHE_CBC, 0x0033, 0x0039, 0x0067, 0x006B)
TLS13_SUITES = (0x1301, 0x1302, 0x1303)
USUAL = (*ECDHE_GCM, *DHE_GCM, *ECDHE_CBC, *STATIC_RSA)

_GROUPS = bytes.fromhex("001d001700180100")  # X25519, P-256, P-384, ffdhe2048
_SIGNATURES = bytes.fromhex("0403050306030804080508060401050106010203020108070808")
TRUNCATED_HMAC, RENEGOTIATION_INFO = 4, 0xFF01
_SUPPORTED_VERSIONS = 43
_HANDSHAKE, _ALERT = 22, 21
SERVER_HELLO, CERTIFICATE, KEY_EXCHANGE, CERTIFICATE_REQUEST, DONE = 2, 11, 12, 13, 14
_ALERTS = {
    10: "unexpected_message",
    40: "handshake_failure",
    47: "illegal_parameter",
    50: "decode_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    112: "unrecognized_name",
}
FATAL_ALERT = bytes([_ALERT, 3, 3, 0, 2, 2, 40])


@dataclass
class Flight:
    """What the server answered. `how` is "" while the connection lives."""

    received: bytes = b""
    version: int = 0  # 0: no ServerHello
    suite: int = 0
    compression: int = 0
    extensions: dict[int, bytes] = field(default_factory=dict)
    messages: list[int] = field(default_factory=list)
    group_bits: int = 0  # of a finite-field Diffie-Hellman exchange
    how: str = ""

    @property
    def served(self) -> bool:
        """There is a ServerHello."""
        return self.version != 0

    def __str__(self) -> str:
        if self.served:
            return f"served with {NAMES.get(self.version, 'an unknown version')}"
        return f"refused: {self.how}"


def client_hello(
    version: int = TLS12,
    suites: Sequence[int] = USUAL,
    *,
    domain: str = "",
    compressions: bytes = b"\0",
    versions: Sequence[int] = (),
    extensions: Mapping[int, bytes] | None = None,
) -> bytes:
    """A ClientHello in its record. `domain`: with a server name indication; `versions`: what
    TLS 1.3's extension offers (without a key share: the server asks for one); `extensions`: more.
    """
    more: dict[int, bytes] = {}
    if domain:
        name = b"\0" + _long(domain.encode())
        more[0] = _long(name)
    if version > SSL3:
        more |= {10: _long(_GROUPS), 11: b"\1\0", RENEGOTIATION_INFO: b"\0"}
    if version >= TLS12:
        more[13] = _long(_SIGNATURES)
    if versions:
        more |= {_SUPPORTED_VERSIONS: _short(_numbers(versions)), 51: b"\0\0"}
    more |= extensions or {}
    body = version.to_bytes(2, "big") + os.urandom(32) + b"\0"
    body += _long(_numbers(suites)) + _short(compressions)
    if more:
        body += _long(b"".join(_numbers([kind]) + _long(data) for kind, data in more.items()))
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return bytes([_HANDSHAKE]) + min(version, TLS10).to_bytes(2, "big") + _long(message)


def ssl2_hello() -> bytes:
    """A ClientHello of SSL 2.0 that offers nothing newer."""
    body = b"\1\0\2" + (6).to_bytes(2, "big") + b"\0\0" + (16).to_bytes(2, "big")
    body += bytes.fromhex("0100800700c0") + os.urandom(16)
    return (0x8000 | len(body)).to_bytes(2, "big") + body


async def flight(connection: Connection) -> Flight:
    """Read the server's answer up to the end of its flight, an alert, or the end."""
    found = Flight()
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                data = await connection.read()
        except TimeoutError:
            found.how = found.how or "silence"
            return found
        except ConnectionResetError:
            data = b""
        found.received += data
        if found.received and found.received[0] not in (_HANDSHAKE, _ALERT):
            found.how = "no TLS"
            return found
        _parse(found, found.received)
        if not data:
            found.how = found.how or "the end of the connection"
        if found.how or found.version == TLS13 or DONE in found.messages:
            return found


async def ending(connection: Connection) -> tuple[bytes, str]:
    """All that still comes, and how it ends: "closed", "reset", or "open" if it does not."""
    received = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while data := await connection.read():
                received += data
    except TimeoutError:
        return received, "open"
    except ConnectionResetError:
        return received, "reset"
    return received, "closed"


def _parse(found: Flight, received: bytes) -> None:
    handshake, offset = b"", 0
    while len(received) >= offset + 5:
        kind = received[offset]
        length = int.from_bytes(received[offset + 3 : offset + 5], "big")
        payload = received[offset + 5 : offset + 5 + length]
        if len(payload) < length:
            break
        if kind == _ALERT and payload[:1] == b"\2":  # fatal
            found.how = f"alert {_ALERTS.get(payload[1], payload[1])}"
        elif kind == _HANDSHAKE:
            handshake += payload
        offset += 5 + length
    found.messages = []
    while len(handshake) >= 4:
        length = int.from_bytes(handshake[1:4], "big")
        body = handshake[4 : 4 + length]
        if len(body) < length:
            break
        found.messages.append(handshake[0])
        if handshake[0] == SERVER_HELLO:
            _server_hello(found, body)
        elif handshake[0] == KEY_EXCHANGE and found.suite in _DHE:
            found.group_bits = int.from_bytes(body[2 : 2 + _number(body)], "big").bit_length()
        handshake = handshake[4 + length :]


_DHE = {*DHE_GCM, 0x0016, 0x0033, 0x0039, 0x0067, 0x006B}


def _server_hello(found: Flight, body: bytes) -> None:
    found.version = _number(body)
    start = 35 + body[34]
    found.suite, found.compression = _number(body[start:]), body[start + 2]
    rest = body[start + 5 :]
    while len(rest) >= 4:
        length = _number(rest[2:])
        found.extensions[_number(rest)] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    if chosen := found.extensions.get(_SUPPORTED_VERSIONS):
        found.version = _number(chosen)


def _number(data: bytes) -> int:
    return int.from_bytes(data[:2], "big")


def _numbers(numbers: Sequence[int]) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def _short(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def _long(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
