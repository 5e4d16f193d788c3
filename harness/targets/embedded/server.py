"""The server process: listeners, the tables of what it understands, start and shutdown."""

from __future__ import annotations

import asyncio
import signal
from functools import partial

from harness.targets.embedded import (
    basics,
    bind,
    control,
    disco,
    extensions,
    iq,
    register,
    roster,
    services,
)
from harness.targets.embedded.config import Config
from harness.targets.embedded.connection import Connection, Output
from harness.targets.embedded.domain import Domain
from harness.targets.embedded.tls import TlsContext

_BACKLOG = 4096
_FAREWELL_S = 0.5  # how long clients may take to answer system-shutdown

for _handlers in (bind.HANDLERS, roster.HANDLERS, disco.HANDLERS, basics.PING, register.HANDLERS):
    iq.FOR_ACCOUNT.update(_handlers)
for _handlers in (basics.VERSION, disco.HANDLERS, basics.PING, register.HANDLERS):
    iq.FOR_SERVER.update(_handlers)
for _extension in extensions.ALL:
    extensions.register(_extension)


class Server:
    """Listeners around one domain."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._context = (
            TlsContext(config.certificate, config.client_ca) if config.certificate else None
        )
        self.domain = Domain(config, self._context.binding if self._context else b"")
        services.open_all(self.domain)
        self._output = Output()
        self._connections: set[Connection] = set()
        self._listeners: list[asyncio.Server] = []

    async def start(self) -> dict[str, int]:
        """Listen; the ports by the name of their configuration."""
        ports = {"port": await self._listen(self.config.port, direct=False)}
        if self._context is not None:
            ports["direct_port"] = await self._listen(self.config.direct_port, direct=True)
        return ports

    async def _listen(self, port: int, *, direct: bool) -> int:
        make = partial(
            Connection, self.domain, self._output, self._context, self._connections, direct=direct
        )
        listener = await asyncio.get_running_loop().create_server(
            make, self.config.host, port, backlog=_BACKLOG
        )
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every stream with system-shutdown, and do not wait long."""
        for listener in self._listeners:
            listener.close()
        self.domain.closing = True  # nobody needs the presence of those who leave too
        for connection in list(self._connections):
            connection.session.fail("system-shutdown")
        self._output.flush()
        deadline = asyncio.get_running_loop().time() + _FAREWELL_S
        while self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)


async def serve(config: Config) -> None:
    """Run until SIGTERM, SIGINT, or the end of the process that started us."""
    server = Server(config)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    if config.control is not None:
        await control.listen(server.domain, config.control)
    watch = None
    if config.parent is not None:
        watch = asyncio.create_task(control.watch_parent(config.parent, over.set))
    await server.start()
    await over.wait()
    if watch is not None:
        watch.cancel()
    await server.stop()
