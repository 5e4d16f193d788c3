"""How the defects of direct TLS show."""

from __future__ import annotations

import ssl

from harness.tests.targets.embedded.defects.scenes import Scene, Sign, open_to_features
from harness.tests.targets.embedded.driver import Bench


def offering(*protocols: str) -> Scene:
    """What becomes of a connection with these protocols on offer."""

    async def scene(bench: Bench) -> str:
        context = bench.client_context()
        context.set_alpn_protocols(protocols)
        try:
            raw = await bench.raw(direct=True, context=context)
            await open_to_features(raw)
        except ssl.SSLError as error:
            return f"no TLS: {error.reason}"
        except (AssertionError, ConnectionError):
            return "the end"
        chosen = raw.writer.get_extra_info("ssl_object").selected_alpn_protocol()
        return f"features, {chosen}"

    return scene


SIGNS = [
    Sign(
        "direct-tls-of-another",
        offering(),
        sound="^features, None$",
        wrong="^no TLS: CERTIFICATE_VERIFY_FAILED$",
    ),
    Sign("direct-tls-wants-alpn", offering(), sound="^features, None$", wrong="^the end$"),
    Sign(
        "direct-tls-other-protocol",
        offering("http/1.1", "xmpp-client"),
        sound="^features, xmpp-client$",
        wrong="^features, http/1.1$",
    ),
]
