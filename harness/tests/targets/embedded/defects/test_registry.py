"""Every defect by itself: it is well described, it can be undone, and people still chat."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness import targets
from harness.errors import HarnessError
from harness.targets.base import TargetOptions
from harness.targets.embedded import Embedded, defects
from harness.targets.embedded.defects.registry import Patches
from harness.targets.probe import Stream
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.defects.scenes import online
from harness.tests.targets.embedded.driver import DOMAIN, HEADER

ROOT = Path(__file__).parents[5]
CATALOGUE = ROOT / "conformance" / "catalogue"
NAMES = sorted(defects.DEFECTS)

# Where a complete client gives up, because the defect is in its login itself.
LOGIN_ITSELF = {
    "bind-result-empty",
    "bind-result-of-somebody",
    "features-without-bind",
    "header-without-version",
    "restart-with-closing-tag",
    "starttls-not-offered",
    "tls-without-restart",
}
# Where nobody gets in by direct TLS.
DIRECT_TLS_ITSELF = {"direct-tls-of-another", "direct-tls-wants-alpn"}


@pytest.mark.parametrize("name", NAMES)
def test_description(name: str) -> None:
    defect = defects.DEFECTS[name]
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
    assert defect.breaks
    assert re.fullmatch(r"[^\n]{10,100}\.", defect.summary)


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the conformance suite is not here")
def test_requirements_are_in_the_catalogue() -> None:
    known = {
        requirement["id"]
        for file in CATALOGUE.glob("*.toml")
        for requirement in tomllib.loads(file.read_text())["requirement"]
    }
    broken = {identifier for d in defects.DEFECTS.values() for identifier in d.breaks}
    assert broken - known == set()


@pytest.mark.parametrize("name", sorted(set(NAMES) - DIRECT_TLS_ITSELF))
async def test_people_still_chat(start_bench: StartBench, name: str) -> None:
    with defects.applied(name):
        bench = await start_bench()
        a, b = await online(bench, "a"), await online(bench, "b")
        a.send(f"<message to='b@{DOMAIN}/r' type='chat'><body>hello</body></message>")
        await b.until("<body>hello</body>")
        b.send(f"<message to='a@{DOMAIN}/r' type='chat'><body>hello, too</body></message>")
        await a.until("<body>hello, too</body>")


@pytest.mark.parametrize("name", sorted(set(NAMES) - LOGIN_ITSELF))
async def test_a_complete_client_logs_in(start_bench: StartBench, name: str) -> None:
    with defects.applied(name):
        bench = await start_bench()
        client = await bench.login("a", "phone", tls="starttls", mechanisms=("PLAIN",))
        assert client.bare == f"a@{DOMAIN}"


def test_everything_is_undone() -> None:
    """All defects at once, and back: the server's modules and tables are what they were."""
    before = _everything()
    with defects.applied(*NAMES):
        changed = {key for key, value in _everything().items() if before.get(key) is not value}
        assert len(changed) > 50
    after = _everything()
    assert after.keys() == before.keys()
    assert [key for key, value in after.items() if before[key] is not value] == []


def _everything() -> dict[tuple[str, ...], Any]:
    """What the server's modules, classes and tables hold, by name."""
    found: dict[tuple[str, ...], Any] = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith("harness.targets.embedded") or ".defects" in name:
            continue
        for key, value in vars(module).items():
            found[name, key] = value
            inner = value if isinstance(value, dict) else {}
            if isinstance(value, type) and value.__module__ == name:
                inner = vars(value)
            found |= {(name, key, str(entry)): inner[entry] for entry in inner}
    return {key: value for key, value in found.items() if not key[-1].startswith("__")}


def test_an_unknown_name() -> None:
    with pytest.raises(HarnessError, match=r"unknown defect 'nonsense': choose of .*abort-ignored"):
        defects.switch_on(["nonsense"])


def test_inherited_attributes_are_inherited_again() -> None:
    class Base:
        value = 1

    class Derived(Base):
        pass

    patches = Patches()
    assert patches.set(Derived, "value", 2) == 1
    assert (Base.value, Derived.value) == (1, 2)
    patches.undo()
    assert "value" not in vars(Derived)


# The target and the command.


def test_a_target_with_defects() -> None:
    target = Embedded(TargetOptions(tls="off", defects=["header-without-from", "abort-ignored"]))
    target.start(20.0)
    try:
        assert target.facts().differences == [
            "has the defect header-without-from",
            "has the defect abort-ignored",
        ]
        endpoint = target.endpoint()
        with Stream(endpoint.host, endpoint.port, endpoint.domain) as stream:
            stream._socket.sendall(HEADER.encode())
            said = stream._socket.recv(65_536).decode()
        assert "<stream:stream id=" in said
    finally:
        target.stop()


@pytest.mark.parametrize("name", ["embedded", "ejabberd", "external"])
def test_targets_that_do_not_know_the_defect(name: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(
        "host = '127.0.0.1'\nport = 5222\ndomain = 'x.test'\naccounts = 'register'\n"
    )
    target = targets.load(name)(TargetOptions(profile=profile, defects=["nonsense"]))
    if not target.usable().usable:
        pytest.skip("not installed")
    with pytest.raises(HarnessError, match="defect"):
        target.start()


def test_the_command_names_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.targets.embedded", "--defect", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("unknown defect 'nonsense': choose of ")
    assert done.stderr.count("\n") == 1
