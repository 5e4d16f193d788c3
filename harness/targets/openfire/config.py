"""The configuration of a private Openfire for measurements: its set-up without questions.

What stands outside <autosetup> becomes a system property in its database when it sets itself up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificates

from harness.targets.certificates import Certificates
from harness.targets.process import LOOPBACK

STORE_PASSWORD = b"changeit"  # Openfire's own default; the store lies in a private directory
_SETUP = Template("""\
<?xml version="1.0" encoding="UTF-8"?>
<jive>
  <adminConsole>
    <port>$admin</port>
    <securePort>-1</securePort>
    <interface>127.0.0.1</interface>
  </adminConsole>
  <network><interface>$interface</interface></network>
  <connectionProvider>
    <className>org.jivesoftware.database.EmbeddedConnectionProvider</className>
  </connectionProvider>
  <autosetup>
    <run>true</run>
    <locale>en</locale>
    <xmpp>
      <auth><anonymous>false</anonymous></auth>
      <domain>$domain</domain>
      <fqdn>$domain</fqdn>
      <socket><ssl><active>true</active></ssl></socket>
    </xmpp>
    <database><mode>embedded</mode></database>
    <admin><email>admin@$domain</email><password>$password</password></admin>
  </autosetup>
  <xmpp>
    <socket>
      <plain><port>$c2s</port></plain>
      <ssl><port>$tls</port></ssl>
      <backlog>4096</backlog>
    </socket>
    <client><tls><policy>optional</policy></tls></client>
    <server>
      <socket><active>false</active><ssl><active>false</active></ssl></socket>
    </server>
    <component>
      <socket><active>false</active></socket>
      <ssl><active>false</active></ssl>
    </component>
    <multiplex><socket><active>false</active></socket></multiplex>
    <proxy><enabled>false</enabled></proxy>
  </xmpp>
  <httpbind><enabled>false</enabled></httpbind>
  <register><inband>true</inband></register>
  <update><service-enabled>false</service-enabled></update>
</jive>
""")


def setup(
    *, domain: str, ports: Mapping[str, int], password: str, interface: str = LOOPBACK
) -> str:
    """conf/openfire.xml before the first start. `password` is the administrator's."""
    return _SETUP.substitute(ports, domain=domain, password=password, interface=interface)


def keystore(files: Certificates, domain: str, store: Path) -> None:
    """Our key and certificate as the store that Openfire reads."""
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # trustme's kind
    leaf, *chain = load_pem_x509_certificates(files.chain.read_bytes())
    store.touch(mode=0o600)
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            domain.encode(),
            key,
            leaf,
            chain,
            serialization.BestAvailableEncryption(STORE_PASSWORD),
        )
    )
