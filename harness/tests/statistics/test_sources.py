"""Pages, commands and sockets that statistics come from, served by threads of the test."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import fromstring

import pytest

from harness.errors import HarnessError
from harness.statistics import adhoc, openmetrics
from harness.statistics.reading import reader
from harness.targets.sources import Control, EjabberdApi, OpenMetrics

PAGE = """\
# HELP prosody_mod_c2s__connections Established c2s connections
# TYPE prosody_mod_c2s__connections gauge
prosody_mod_c2s__connections{host="a.test",type="c2s",ip_family="ipv4"} 7
prosody_mod_c2s__connections{host="a.test",type="c2s",ip_family="ipv6"} 5
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 3 # {trace_id="x y"} 0.07 1795456548.5
wait_seconds_count 4
rooms 2
 rooms_not 9
prosody_mod_c2s__connections_created{host="a.test"} 1795456548.7
odd{text="a } b \\" c"} 1e3
# EOF
"""


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """A page at an address of its own, until the test ends; how often it was asked for."""
    servers = []

    def start(body: str, status: int = 200) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/metrics"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_sums_over_labels_and_nothing_else() -> None:
    wanted = {"prosody_mod_c2s__connections", "wait_seconds_bucket", "rooms", "odd", "absent"}
    assert openmetrics.sums(PAGE, wanted) == {
        "prosody_mod_c2s__connections": 12.0,
        "wait_seconds_bucket": 3.0,
        "rooms": 2.0,
        "odd": 1000.0,
    }


def test_a_line_that_is_no_sample() -> None:
    with pytest.raises(ValueError, match="many"):
        openmetrics.sums("rooms many\n", {"rooms"})


def test_the_known_metric_of_sessions(serve: Callable[..., str]) -> None:
    ask = reader(OpenMetrics(serve(PAGE), figures={"open rooms": "rooms", "gone": "absent"}))
    for _ in range(2):  # the connection is used again
        said = ask()
        assert (said.sessions, said.figures) == (12, {"open rooms": 2.0})


def test_a_page_without_anything_wanted(serve: Callable[..., str]) -> None:
    with pytest.raises(HarnessError, match=r"none of the metrics .*observe\.sessions"):
        reader(OpenMetrics(serve("other 1\n")))()


def test_a_page_that_is_not_there(serve: Callable[..., str]) -> None:
    with pytest.raises(HarnessError, match="answered 404"):
        reader(OpenMetrics(serve("", 404)))()


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionRefusedError):
        reader(OpenMetrics("http://127.0.0.1:1/"))()
    for source in (EjabberdApi("/nowhere/api.sock"), Control("/nowhere/control.sock")):
        with pytest.raises(FileNotFoundError):
            reader(source)()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("73.25 MB of 1024.00 MB (7.2%) used", 73.25),
        ("18,500 KB", 18500.0),
        ("1,048,576", 1048576.0),
        ("-3%", -3.0),
        ("none", None),
        ("", None),
    ],
)
def test_numbers_in_texts(text: str, value: float | None) -> None:
    assert adhoc.number(text) == value


def test_fields_of_a_form() -> None:
    form = (
        "<iq xmlns='jabber:client'><command xmlns='http://jabber.org/protocol/commands'>"
        "<x xmlns='jabber:x:data'><field var='a'><value>1</value><value>2</value></field>"
        "<field var='b'/></x></command></iq>"
    )
    assert adhoc.fields_of(fromstring(form)) == {"a": "1", "b": ""}


def test_sources_are_data() -> None:
    """What is sent to the asking process comes out of it as it was."""
    import msgspec

    from harness.targets.base import Account, Endpoint
    from harness.targets.sources import AdHoc, Source

    endpoint = Endpoint("127.0.0.1", 5222, "bench.test", "starttls", ca="ca.pem")
    sources: list[Source] = [
        OpenMetrics("http://127.0.0.1:1/", ("a",), {"b": "c"}),
        EjabberdApi("/x"),
        Control("/y"),
        AdHoc(endpoint, Account("admin", "pw"), "bench.test", "stats", "n", {"heap": "h"}, 1),
    ]
    for source in sources:
        assert msgspec.json.decode(msgspec.json.encode(source), type=Source) == source
    assert json.loads(msgspec.json.encode(sources[1])) == {"type": "ejabberd", "socket": "/x"}
