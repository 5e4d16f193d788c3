from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from harness.targets import certificates
from harness.targets.embedded.config import Config
from harness.tests.targets.embedded.driver import DOMAIN, Bench

StartBench = Callable[..., Awaitable[Bench]]


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.issue(tmp_path_factory.mktemp("certificates"), DOMAIN)


@pytest.fixture
async def start_bench(issued: certificates.Certificates) -> AsyncIterator[StartBench]:
    """Starts servers with other settings than the default."""
    started: list[Bench] = []

    async def start(**settings: object) -> Bench:
        files = {"certificate": str(issued.bundle), "client_ca": str(issued.ca)}
        bench = Bench(Config(**{**files, **settings}), issued)
        started.append(bench)
        await bench.start()
        return bench

    yield start
    for bench in started:
        await bench.stop()


@pytest.fixture
async def bench(start_bench: StartBench) -> Bench:
    return await start_bench()
