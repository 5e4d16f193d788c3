"""Chat, and now and then a request that no server knows."""

from contextlib import suppress
from xml.etree.ElementTree import Element

from locust import task

from harness.errors import PeerError
from harness.load import XmppUser
from harness.load.pacing import BODY


class FailingUser(XmppUser):
    def wait_time(self) -> float:
        return self.random.random()

    @task
    def write(self) -> None:
        peer = self.peer()
        if peer is not None:
            self.message(peer, BODY)

    @task
    def ask(self) -> None:
        with suppress(PeerError):  # measured
            self.iq("get", Element("{urn:example:nothing}query"), op="nonsense")
