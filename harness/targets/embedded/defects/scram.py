"""Defects of SCRAM and its channel binding, and of what is offered (RFC 6120 section 13.8)."""

from __future__ import annotations

import base64
from dataclasses import replace

from scramp.core import ClientFinal, Nonce

from harness.targets.embedded import sasl
from harness.targets.embedded.config import Config
from harness.targets.embedded.defects.registry import Patches, defect
from harness.targets.embedded.store import Store, Verifier


@defect("scram-proof-unchecked", breaks=["scram-wrong-proof", "sasl-failure-not-authorized"])
def _(patches: Patches) -> None:
    """SCRAM succeeds with any proof."""

    def client_final(mechanism: sasl._Scram, text: str) -> str:
        mechanism.account = mechanism._store.find(mechanism._user)
        return "v=" + base64.b64encode(bytes(20)).decode()

    patches.set(sasl._Scram, "_client_final", client_final)


def _server_nonce(patches: Patches, text: str) -> None:
    """The server's part of the nonce is this text."""
    before = sasl._Scram.__init__
    nonce = Nonce("x")
    nonce.nonce = text

    def init(mechanism: sasl._Scram, name: str, store: Store, binding: bytes) -> None:
        before(mechanism, name, store, binding)
        mechanism._server.s_nonce = nonce

    patches.set(sasl._Scram, "__init__", init)


@defect("scram-nonce-constant", breaks=["sasl-challenge-well-formed", "scram-no-replay"])
def _(patches: Patches) -> None:
    """The server's part of the nonce is always the same."""
    _server_nonce(patches, "bm90LWEtbm9uY2U")


@defect("scram-nonce-not-extended", breaks=["sasl-challenge-well-formed"])
def _(patches: Patches) -> None:
    """The challenge repeats the client's nonce and adds nothing."""
    _server_nonce(patches, "")


@defect("scram-nonce-unchecked", breaks=["scram-wrong-proof"])
def _(patches: Patches) -> None:
    """The nonce in the client's final message may be another one than in the challenge."""
    before = sasl._Scram._client_final

    def client_final(mechanism: sasl._Scram, text: str) -> str:
        mechanism._server.nonce = ClientFinal(text)["r"]
        return before(mechanism, text)

    patches.set(sasl._Scram, "_client_final", client_final)


@defect("scram-signature-wrong", breaks=["scram-server-signature"])
def _(patches: Patches) -> None:
    """The server's signature at the end of SCRAM is not that of the account's key."""
    before = Store.verifier

    def verifier(store: Store, local: str, algorithm: str) -> Verifier:
        return before(store, local, algorithm)._replace(server_key=bytes(20))

    patches.set(Store, "verifier", verifier)


class _AnyBinding:
    """A GS2 header that fits whatever channel binding the client names."""

    def __init__(self, text: str) -> None:
        self._claimed = base64.b64decode(text.partition(",")[0].removeprefix("c="))

    def make_cbind_input(self, _binding: object) -> bytes:
        return self._claimed


@defect("scram-binding-unchecked", breaks=["scram-plus-wrong-binding", "scram-wrong-proof"])
def _(patches: Patches) -> None:
    """With SCRAM, c= may say anything: the channel binding is not compared."""
    before = sasl._Scram._client_final

    def client_final(mechanism: sasl._Scram, text: str) -> str:
        mechanism._server.gs2_header = _AnyBinding(text)
        return before(mechanism, text)

    patches.set(sasl._Scram, "_client_final", client_final)


@defect("scram-downgrade-overlooked", breaks=["scram-downgrade-detected"])
def _(patches: Patches) -> None:
    """The flag y passes on a stream that offers -PLUS."""
    before = sasl.begin

    def begin(
        name: str, config: Config, store: Store, channel: sasl.Channel, claimed: str = ""
    ) -> sasl.Mechanism:
        if not name.endswith("-PLUS"):
            channel = replace(channel, binding=b"")
        return before(name, config, store, channel, claimed)

    patches.set(sasl, "begin", begin)


@defect("scram-plus-not-offered", breaks=["scram-sha-1-plus-offered", "security-mti-both-scram"])
def _(patches: Patches) -> None:
    """No mechanism with channel binding is offered."""
    patches.after(
        sasl, "offered", lambda names: tuple(name for name in names if not name.endswith("-PLUS"))
    )


@defect("mechanisms-weakest-first", breaks=["sasl-mechanism-order"], tolerated=True)
def _(patches: Patches) -> None:
    """The mechanisms are listed from the weakest to the strongest."""
    patches.after(sasl, "offered", lambda names: names[::-1])
