"""What the seed decides: who acts, whoever logs in first and whoever is gone."""

from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode

from harness.load.links import MasterLink
from harness.load.population import Population
from harness.load.session import Session
from harness.load.user import XmppUser
from harness.targets.base import Account, Endpoint

COUNT = 9


def a_session(seed=1, worker=0, workers=1, placement="uniform"):
    return Session(
        worker=worker,
        workers=workers,
        endpoint=Endpoint("127.0.0.1", 5222, "bench.test", "off"),
        accounts=[Account(f"u{n}", "p") for n in range(worker, COUNT, workers)],
        first_index=worker,
        step=workers,
        mechanisms=(),
        logins="constant:10",
        login_timeout=1.0,
        drain=1.0,
        placement=placement,
        seed=seed,
    )


def a_population(order=None, **session):
    """Everybody of a worker online, in this order of logins."""
    session = a_session(**session)
    population = Population(session)
    clients = [
        SimpleNamespace(index=session.first_index + seat * session.step)
        for seat in range(len(session.accounts))
    ]
    for seat in range(len(clients)):
        population.expect(seat)
    for seat in order or range(len(clients)):
        population.enter(clients[seat])
    return population, clients


def pairs(population, number=500):
    drawn = [population.pair() for _ in range(number)]
    return [pair and (pair[0].index, pair[1].index) for pair in drawn]


def test_everybody_online_is_the_neighbour_of_one():
    population, clients = a_population()
    population.leave(clients[0])
    population.leave(clients[4])
    online = [client for client in clients if population.is_online(client.index)]
    assert [population.after(client) for client in online] == [*online[1:], online[0]]
    for client in online[1:]:
        population.leave(client)
    assert population.after(online[0]) is None


@pytest.mark.parametrize("placement", ["uniform", "zipf:1"])
def test_the_seed_decides_the_pairs_and_the_order_of_logins_does_not(placement):
    first = pairs(a_population(placement=placement)[0])
    shuffled = [4, 8, 0, 2, 7, 1, 3, 6, 5]
    assert first == pairs(a_population(shuffled, placement=placement)[0])
    assert first != pairs(a_population(seed=2, placement=placement)[0])
    assert all(sender != receiver for sender, receiver in first)
    assert len(set(first)) > COUNT


def test_another_number_of_workers_makes_other_pairs_of_users_of_one_worker():
    for worker in (0, 1):
        drawn = pairs(a_population(worker=worker, workers=2)[0])
        assert drawn == pairs(a_population(worker=worker, workers=2)[0])
        assert {index % 2 for pair in drawn for index in pair} == {worker}


def test_who_is_gone_is_replaced_and_nothing_else_changes():
    whole, (population, clients) = pairs(a_population()[0]), a_population()
    assert population.leave(clients[3])
    assert not population.leave(clients[3])
    left = pairs(population)
    replaced = [was for was, now in zip(whole, left, strict=True) if was != now]
    assert replaced == [pair for pair in whole if 3 in pair]
    assert not any(3 in pair for pair in left)
    population.enter(clients[3])
    assert pairs(population) == pairs_after(500)


def pairs_after(number):
    population, _ = a_population()
    pairs(population, number)
    return pairs(population)


def test_substitutes_are_anybody_alike():
    population, clients = a_population()
    for client in clients[:4]:
        population.leave(client)
    senders = Counter(sender for sender, _ in pairs(population, 9_000))
    receivers = Counter(receiver for _, receiver in pairs(population, 9_000))
    for counts in (senders, receivers):
        assert set(counts) == {4, 5, 6, 7, 8}
        assert max(counts.values()) < 1.15 * min(counts.values())


def test_nobody_alone_makes_a_pair_and_the_plan_goes_on_as_it_would():
    population, clients = a_population()
    for client in clients[1:]:
        population.leave(client)
    assert pairs(population) == [None] * 500
    assert population.peer(clients[0], Random(1)) is None
    assert population.peer(clients[1], Random(1)) is clients[0]
    for client in clients[1:]:
        population.enter(client)
    assert pairs(population) == pairs_after(500)


def test_a_peer_costs_one_draw_whoever_is_online():
    population, clients = a_population()
    whole, poor, plain = Random(5), Random(5), Random(5)
    peers = [population.peer(clients[2], whole).index for _ in range(2_000)]
    assert set(peers) == set(range(COUNT)) - {2}
    for client in clients[4:]:
        population.leave(client)
    assert {population.peer(clients[2], poor).index for _ in range(2_000)} == {0, 1, 3}
    for _ in range(2_000):
        plain.random()
    assert whole.random() == poor.random() == plain.random()


def test_a_user_draws_the_same_on_any_number_of_workers():
    def draws(seed, workers, account):
        session = a_session(seed, account % workers, workers)
        user = XmppUser(
            SimpleNamespace(
                xmpp_engine=SimpleNamespace(
                    session=session,
                    account_number=lambda seat: session.first_index + seat * session.step,
                )
            )
        )
        user._position = account // workers
        return [user.random.random() for _ in range(5)]

    assert draws(1, 1, 5) == draws(1, 2, 5) == draws(1, 3, 5)
    assert draws(1, 1, 5) != draws(2, 1, 5)
    assert draws(1, 1, 5) != draws(1, 1, 6)


def test_workers_are_numbered_as_locust_deals_out_users():
    nodes = [WorkerNode(name) for name in ("b_2", "a_9", "b_1", "a_3", "c_0", "a_5")]
    link = MasterLink.__new__(MasterLink)
    link._runner = SimpleNamespace(
        clients=SimpleNamespace(ready=nodes[:4], running=nodes[4:], spawning=[])
    )
    dealt = UsersDispatcher(nodes, [XmppUser])._worker_nodes
    assert link._active() == [node.id for node in dealt]
