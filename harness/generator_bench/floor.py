"""The floor: one write and one read of a message on a loopback TCP connection, in Python."""

from __future__ import annotations

import socket
import time

MESSAGE = b"m" * 180  # about what a chat message with a body of 64 bytes takes


def message_us(count: int = 50_000) -> float:
    """CPU of this process for one write and one read, in microseconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
        with one, other:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            before = time.process_time()
            for _ in range(count):
                one.send(MESSAGE)
                other.recv(16_384)
            return (time.process_time() - before) / count * 1e6
