"""Sections 4.7.5 and 4.9.3.25: the version of stream headers."""

from __future__ import annotations

import math
import re

import pytest

from conformance.rfc6120.common import after
from conformance.rfc6120.streams import EVERY_OPENING, due, response
from conformance.suite import Allowed, Case, requires
from conformance.wire.negotiation import bind, header, open_stream
from conformance.wire.stream import RawStream

_END = "</stream:stream>"
_UNSUPPORTED = "*stream error unsupported-version"
_MINOR = ["1.2", "1.10", "1.99"]
_HIGHER = ["2.0", "10.0", "11.0"]


async def opened(case: Case, opening: str, version: str | None) -> tuple[RawStream, str | None]:
    """A stream whose header had this version, and the version of the response."""
    stream = await due(case, opening)
    await stream.send(header(case.domain, version=version))
    return stream, (await response(case, stream)).attributes.get("version")


def number(version: str) -> tuple[float, ...]:
    """Major and minor number; above all when it is none."""
    found = re.fullmatch(r"(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (math.inf,)


@EVERY_OPENING
@requires("version-response", "stream-negotiation-features")
async def test_version_of_the_response(case: Case, opening: str) -> None:
    _, came = await opened(case, opening, "1.0")
    case.check(came == "1.0", "version 1.0", "no version" if came is None else "another version")


@pytest.mark.parametrize("version", ["0.9", "0.99", "1.0", "1.1", "2.0"])
@requires("version-never-higher", "stream-negotiation-features")
async def test_version_is_never_higher(case: Case, version: str) -> None:
    """A server that refuses the version may name its own."""
    stream, came = await opened(case, "first", version)
    await stream.send(_END)
    refused = str(await stream.react()).endswith("stream error unsupported-version")
    case.check(
        refused or came is None or number(came) <= number(version),
        "a version that is not above the client's, or <unsupported-version/>",
        "a higher version",
    )


@EVERY_OPENING
@pytest.mark.parametrize("version", _MINOR)
@requires("version-numeric", "stream-negotiation-features")
async def test_minor_version_is_a_number(case: Case, opening: str, version: str) -> None:
    """A later minor version changes nothing for a server that does not know it."""
    stream, came = await opened(case, opening, version)
    case.check(came in ("1.0", version), "1.0, or the version that both speak", "another version")
    case.judge(await stream.react("^features "), Allowed("features", ("ignored",)))


@pytest.mark.parametrize("version", _MINOR)
@requires("version-numeric", "stream-negotiation-features")
async def test_login_with_a_minor_version(case: Case, version: str) -> None:
    text = header(case.domain, version=version)
    stream = await due(case, "after-sasl", text)
    await open_stream(stream, text)
    await bind(stream)
    case.judge(await after(case, stream, ""), Allowed("stanzas that flow", ("ignored",)))


@EVERY_OPENING
@pytest.mark.parametrize("version", ["01.0", "1.00", "001.000"])
@requires("version-leading-zeros", "stream-negotiation-features")
async def test_leading_zeros_mean_nothing(case: Case, opening: str, version: str) -> None:
    stream, came = await opened(case, opening, version)
    case.check(
        came == "1.0", "version 1.0", "leading zeros" if came == version else "another version"
    )
    case.judge(await stream.react("^features "), Allowed("features", ("ignored",)))


@EVERY_OPENING
@pytest.mark.parametrize("version", _HIGHER)
@requires("version-major-higher", "stream-error-unsupported-version", "version-numeric")
async def test_higher_major_version(case: Case, opening: str, version: str) -> None:
    stream, came = await opened(case, opening, version)
    case.check(
        came == "1.0", "the server's version 1.0", "no version" if came is None else "another"
    )
    case.judge(
        await stream.react("^features "),
        Allowed("features, or <unsupported-version/>", ("ignored", _UNSUPPORTED)),
    )


@requires("version-absent", "stream-negotiation-features")
async def test_no_version_without_version(case: Case) -> None:
    _, came = await opened(case, "first", None)
    case.prefer(came is None, "no version in the response header", "a version")


@requires("stream-error-unsupported-version")
async def test_lower_version(case: Case) -> None:
    """What follows is up to the server, but no other error."""
    stream, _ = await opened(case, "first", "0.9")
    await stream.send(_END)
    case.judge(
        await stream.react(),
        Allowed(
            "a stream without features, or <unsupported-version/>",
            (_UNSUPPORTED, "closed"),
            ("features, closed",),
        ),
    )
