"""Actors read the same bytes as one process: on one node and on two, with an actor and a node killed in the middle."""

from __future__ import annotations

import functools

import pytest

import probe.workers.launch
from probe.errors import EnvironmentFault

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'probe[ray]'")

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),  # Ray's own
]


@pytest.fixture
def two_nodes():
    """A cluster of two nodes with a core each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_health_check_period_ms", "500")
        patch.setenv("RAY_health_check_failure_threshold", "4")
        small = {"object_store_memory": 100 << 20}
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **small})
        other = cluster.add_node(num_cpus=1, **small)
        yield cluster, other
        ray.shutdown()
        cluster.shutdown()


def test_two_actors_leave_no_trace(read, expected):
    found, record = read("r", scheduler="ray", workers=2)
    assert found == expected
    assert (record.scheduler, record.workers, record.threads, record.failed_packs) == ("ray", 2, 1, {})


def test_an_actor_that_is_killed_is_started_again(read, expected, killing):
    with killing("ray::Replica") as killer:
        found, record = read("r", scheduler="ray", workers=2)
    assert killer.done
    assert (found, record.failed_packs) == (expected, {})


def test_two_nodes_leave_no_trace(read, expected, two_nodes):
    cluster, _ = two_nodes
    found, record = read("r", scheduler="ray", workers=2, ray_address=cluster.address)
    assert (found, record.workers, record.failed_packs) == (expected, 2, {})


def test_a_node_that_is_lost_costs_no_finished_pack(read, expected, two_nodes, doing):
    cluster, other = two_nodes

    def lose():
        cluster.remove_node(other, allow_graceful=False)
        return "lost"

    with doing(lose) as killer:
        found, record = read("r", scheduler="ray", workers=2, ray_address=cluster.address)
    assert killer.done == "lost"
    assert (found, record.failed_packs) == (expected, {})


def test_where_nothing_is_shared_packs_come_back(read, expected, monkeypatch, tmp_path):
    from probe.store.cache import cache_folder
    from probe.workers import on_ray

    real = probe.workers.launch._environment
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(
        probe.workers.launch, "_environment", lambda threads: {**real(threads), "PROBE_CACHE": str(elsewhere)}
    )
    monkeypatch.setattr(on_ray, "RayWorker", functools.partial(on_ray.RayWorker, apart=True))
    found, record = read("r", scheduler="ray", workers=2)
    assert (found, record.failed_packs) == (expected, {})
    there, here = (
        sorted(path.name for path in (root / "packs").rglob("*.pack")) for root in (elsewhere, cache_folder())
    )
    assert there == here != []


@pytest.mark.parametrize("error", [ray.exceptions.RpcError("Timed out"), ConnectionError("refused")])
def test_an_address_without_a_cluster(monkeypatch, error):
    from probe.workers.on_ray import connected

    def init(*_, **__):
        raise error

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(EnvironmentFault, match="--ray-address host:1: no Ray cluster"), connected("host:1", 1):
        pass
