"""Each defect shows in the way that its sign says, and a sound server does not have it."""

from __future__ import annotations

import re

import pytest

from harness.targets.embedded import defects
from harness.tests.targets.embedded.conftest import StartBench
from harness.tests.targets.embedded.defects import (
    signs_accounts,
    signs_addresses,
    signs_archive,
    signs_blocking,
    signs_carbons,
    signs_closing,
    signs_contents,
    signs_delivery,
    signs_direct_tls,
    signs_eventing,
    signs_login,
    signs_management,
    signs_presences,
    signs_rooms,
    signs_rosters,
    signs_small_extensions,
    signs_stanzas,
    signs_streams,
    signs_subscriptions,
    signs_uploads,
)
from harness.tests.targets.embedded.defects.scenes import Sign

SIGNS: list[Sign] = [
    *signs_streams.SIGNS,
    *signs_login.SIGNS,
    *signs_stanzas.SIGNS,
    *signs_closing.SIGNS,
    *signs_management.SIGNS,
    *signs_delivery.SIGNS,
    *signs_subscriptions.SIGNS,
    *signs_addresses.SIGNS,
    *signs_rosters.SIGNS,
    *signs_presences.SIGNS,
    *signs_contents.SIGNS,
    *signs_archive.SIGNS,
    *signs_carbons.SIGNS,
    *signs_blocking.SIGNS,
    *signs_eventing.SIGNS,
    *signs_accounts.SIGNS,
    *signs_small_extensions.SIGNS,
    *signs_rooms.SIGNS,
    *signs_uploads.SIGNS,
    *signs_direct_tls.SIGNS,
]
HASTE = {"closing_s": 0.1, "stanza_bytes": 20_000}


def test_every_defect_has_a_sign() -> None:
    assert sorted(sign.name for sign in SIGNS) == sorted(defects.DEFECTS)
    assert all(sign.sound or sign.wrong for sign in SIGNS)


@pytest.mark.parametrize("sign", [pytest.param(sign, id=sign.name) for sign in SIGNS])
async def test_sign(start_bench: StartBench, sign: Sign) -> None:
    sound = await sign.scene(await start_bench(**HASTE))
    with defects.applied(sign.name):
        wrong = await sign.scene(await start_bench(**HASTE))
    if sign.sound:
        assert re.search(sign.sound, sound), f"not in what a sound server says: {sound}"
        assert not re.search(sign.sound, wrong), f"still in what this server says: {wrong}"
    if sign.wrong:
        assert not re.search(sign.wrong, sound), f"already in what a sound server says: {sound}"
        assert re.search(sign.wrong, wrong), f"not in what this server says: {wrong}"
