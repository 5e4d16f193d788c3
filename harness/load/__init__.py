"""What a scenario author needs: users with XMPP verbs, and contact lists.

Importing this package makes Locust know our options and targets.
"""

from harness.load import plugin, rosters
from harness.load.user import SlixmppUser, XmppUser

plugin.install()

__all__ = ["SlixmppUser", "XmppUser", "rosters"]
