"""The SCRAM verifier against the example of RFC 5802 section 5."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode

from harness.targets.verifier import scram_sha1


def test_the_example_of_the_rfc() -> None:
    first = "n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
    challenge = f"r={nonce},s=QSXCR+Q6sek8bf92,i=4096"
    signed = f"{first},{challenge},c=biws,r={nonce}".encode()
    made = scram_sha1("pencil", b64decode("QSXCR+Q6sek8bf92"), 4096)
    assert hmac.digest(made.server_key, signed, "sha1") == b64decode("rmF9pqV8S7suAoZWja4dJRkFsKQ=")
    proof = b64decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    signature = hmac.digest(made.stored_key, signed, "sha1")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    assert hashlib.sha1(client_key).digest() == made.stored_key
