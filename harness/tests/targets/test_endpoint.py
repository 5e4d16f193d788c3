"""Endpoints of one running target in other TLS modes than that of its options."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from harness.errors import HarnessError, PeerError
from harness.targets.base import Endpoint, TargetOptions
from harness.targets.embedded import Embedded
from harness.targets.external import External
from harness.targets.probe import connect, tls_context
from harness.tests.targets.client import roster_of


def test_one_server_in_every_mode() -> None:
    target = Embedded(TargetOptions(tls="off"))
    target.start(20.0)
    try:
        accounts = target.provision(2, [[1], [0]])
        assert target.endpoint() == target.endpoint("off")
        assert target.endpoint("off").port == target.endpoint("starttls").port
        assert target.endpoint("direct").port != target.endpoint("starttls").port
        for mode in ("starttls", "direct"):
            endpoint = target.endpoint(mode)
            assert endpoint.tls == mode
            assert roster_of(endpoint, accounts[0]) == {"u1@bench.test": "both"}
        endpoint = target.endpoint("off")
        with connect(endpoint, tls_context(endpoint.ca)) as stream:
            assert stream.features is not None
    finally:
        target.stop()


def test_a_profile_has_one_mode(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(
        "host = '127.0.0.1'\nport = 5222\ndomain = 'x.test'\naccounts = 'register'\n"
        "tls = 'direct'\n"
    )
    target = External(TargetOptions(tls=None, profile=profile))
    assert target.endpoint() == target.endpoint("direct")
    assert target.endpoint().tls == "direct"
    with pytest.raises(HarnessError, match=r"no.* port for TLS mode 'starttls'"):
        target.endpoint("starttls")


def test_client_certificates_of_a_target() -> None:
    target = Embedded(TargetOptions())
    with pytest.raises(HarnessError, match="has not been started"):
        target.client_certificate("u0")
    target.start(20.0)
    try:
        target.provision(2)
        endpoint = target.endpoint("direct")
        issued = {
            names: target.client_certificate(*names)
            for names in [("u0",), ("u0", "u1"), ("u0@elsewhere.test",)]
        }
        domain = endpoint.domain
        assert session_by(endpoint, issued["u0",]) == f"u0@{domain}"
        assert session_by(endpoint, issued["u0", "u1"], f"u1@{domain}") == f"u1@{domain}"
        assert session_by(endpoint, issued["u0@elsewhere.test",]) == "failure"
        expired = target.client_certificate("u0", expired=True)
        with pytest.raises(PeerError):
            session_by(endpoint, expired)
    finally:
        target.stop()
    assert not any(path.exists() for path in [*issued.values(), expired])


def session_by(endpoint: Endpoint, certificate: Path, authzid: str = "") -> str:
    """The bare JID that EXTERNAL with this certificate leads to."""
    context = tls_context(endpoint.ca)
    context.load_cert_chain(certificate)
    text = b64encode(authzid.encode()).decode() or "="
    with connect(endpoint, context) as stream:
        auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>"
        outcome = stream.request(f"{auth}{text}</auth>").tag.partition("}")[2]
        if outcome != "success":
            return outcome
        stream.open()
        bind = "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
        return "".join(stream.request(bind).itertext()).partition("/")[0]
