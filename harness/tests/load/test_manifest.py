"""What the manifest keeps of the options: enough to do it again, and no secret."""

import argparse
import hashlib
import json

import msgspec
import pytest
from locust import events
from locust.argument_parser import get_parser

from harness.load.again import again
from harness.load.manifest import COMMAND_VARIABLE, manifest
from harness.record.model import Manifest
from reports.tests import runs


@pytest.fixture
def parse():
    """Parses a command line with the options of a scenario that has every kind of them."""

    def add(parser):
        parser.add_argument("--rooms", type=int, nargs="+", default=[1])
        parser.add_argument("--kind", action="append", default=[])
        parser.add_argument("--loud", action="store_true")
        parser.add_argument("--quiet", dest="noise", action="store_false")
        parser.add_argument("--typing", action=argparse.BooleanOptionalAction, default=True)
        parser.add_argument("--offset", type=float, default=0.0)
        parser.add_argument("--admin-password", default="", is_secret=True)

    hook = events.init_command_line_parser
    hook.add_listener(add)
    yield lambda *words: get_parser(default_config_files=[]).parse_args(["-u", "5", *words])
    hook.remove_listener(add)


def kept(options, scenario="scenarios/chat.py"):
    return again([scenario], options)


MANY = ("--rooms", "3", "4", "--kind=a", "--kind=b", "--loud", "--quiet", "--no-typing")
MANY += ("--offset=-1.5", "--seed=9", "--drain=0", "--sasl=plain", "--login-rate=ramp:1..5/3")
MANY += ("--spawn-rate=2", "--tags", "x", "y")


@pytest.mark.parametrize("words", [(), MANY, ("LoudUser", "--tags", "x")])
def test_what_is_kept_is_read_as_it_was(parse, words):
    options = parse(*words)
    found = kept(options)
    assert vars(parse(*found.options)) == vars(options)
    assert (found.scenario, found.users, found.withheld) == ("chat", 5, [])


def test_options_with_a_place_of_their_own(parse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.toml").touch()
    words = ("--rate=5", "--duration=3", "--tls=direct", "--client=mix", "--target=external")
    words += ("--target-profile=p.toml", "--i-am-allowed-to-load-this-host", "--run-dir=x")
    found = kept(parse(*words))
    assert (found.rate, found.duration, found.tls) == ("constant:5", 3, "direct")
    assert (found.client, found.profile) == ("mix", str(tmp_path / "p.toml"))
    names = ("rate", "duration", "tls", "client", "target", "i-am", "run-dir")
    assert not [word for word in found.options if word.removeprefix("--").startswith(names)]


def test_files_that_decide_the_load_are_known_by_their_digest(parse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("# a scenario\n")
    (tmp_path / "times").write_text("1\n2\n")
    found = kept(parse("--rate=trace:times", "--login-rate=trace:times"), "mine.py")
    assert found.scenario == str(tmp_path / "mine.py")
    assert found.rate == f"trace:{tmp_path / 'times'}"
    assert f"--login-rate=trace:{tmp_path / 'times'}" in found.options
    assert found.files == {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "mine.py", tmp_path / "times")
    }


def test_several_locustfiles_are_not_one_scenario(parse):
    assert again(["scenarios/chat.py", "scenarios/login.py"], parse()).scenario is None


def test_a_secret_is_kept_nowhere(parse, monkeypatch):
    words = ["--admin-password=abc123", "--admin-password", "abc123", "--kind=a"]
    options = parse(*words)
    monkeypatch.setenv(COMMAND_VARIABLE, json.dumps(["xmpp-harness", "bench", *words]))
    written = msgspec.json.encode(manifest("chat", options, runs.target(), 1, kept(options)))
    assert b"abc123" not in written
    record = msgspec.json.decode(written, type=Manifest)
    assert record.again.withheld == ["--admin-password"]
    assert record.command[2:] == ["--admin-password=***", "--admin-password", "***", "--kind=a"]
    assert record.parameters["kind"] == "['a']"
    assert "admin_password" not in record.parameters
