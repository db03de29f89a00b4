"""Clusters of our own processes: several at a time, killed in parts, and gone when their run is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import nodes
from tests.cluster.background import folder_of
from tests.cluster.built import BuiltCluster, Cluster, check_alive
from tests.cluster.components import LEASE_SECONDS, Component, free_ports, listens
from tests.cluster.errors import ClusterError
from tests.cluster.fleet import until
from tests.cluster.test_supervisor import runs, soon

GRACE_SECONDS = 50  # the controller manager's default before it calls a silent node NotReady
RUN = """
import json, time
from pathlib import Path

def test_that_never_ends(built_cluster, namespace):
    pids = [state.pid for state in built_cluster.processes.states().values()]
    supervisor = built_cluster.processes._supervisor.pid
    facts = {"pids": [*pids, supervisor], "folder": str(built_cluster.folder)}
    half = Path(__file__).with_name("half")
    half.write_text(json.dumps(facts))
    half.rename(half.with_name("facts"))
    time.sleep(120)
"""


def test_ports_are_distinct_and_not_those_the_kernel_gives_away() -> None:
    ports = free_ports()
    assert len({ports.api_server, ports.etcd, ports.etcd_peer}) == 3
    assert max(ports.api_server, ports.etcd, ports.etcd_peer) < 32_768
    assert not listens(ports.etcd)


@pytest.mark.cluster
def test_two_clusters_at_once_do_not_see_each_other(built_cluster: BuiltCluster, namespace: str) -> None:
    with Cluster(nodes.parse("- {name: lonely, count: 2, zones: [moon]}")) as second:
        assert second.url != built_cluster.url
        names = second.kubectl("get", "nodes", "--output=name").stdout.split()
        assert names == ["node/lonely-0", "node/lonely-1"]
        assert second.kubectl("get", "namespace", namespace, check=False).returncode != 0
        folder, pids = second.folder, [state.pid for state in second.processes.states().values()]
    assert not folder.exists()
    assert not any(map(runs, pids))
    built_cluster.kubectl("get", "namespace", namespace)


@pytest.mark.cluster
def test_a_cluster_without_nodes_is_a_cluster() -> None:
    with Cluster(()) as cluster:
        assert cluster.kubectl("get", "nodes", "--output=name").stdout == ""
        assert not cluster.fake_nodes


@pytest.mark.cluster
def test_three_hundred_nodes_are_ready_when_the_cluster_is() -> None:
    with Cluster(nodes.parse("- {name: many, count: 300, zones: [a, b, c]}")) as cluster:
        ready = cluster.kubectl("get", "nodes", "--no-headers").stdout.count(" Ready ")
    assert ready == 300


@pytest.mark.cluster
def test_every_fake_node_holds_the_lease_that_keeps_it_ready(built_cluster: BuiltCluster) -> None:
    # Without Leases the controller manager calls every node NotReady after 50 s.
    leases = json.loads(built_cluster.kubectl("get", "leases", "-n", "kube-node-lease", "-o", "json").stdout)["items"]
    names = built_cluster.kubectl("get", "nodes", "--output=name").stdout.split()
    assert {f"node/{lease['metadata']['name']}" for lease in leases} == set(names)
    assert all(lease["spec"]["leaseDurationSeconds"] == LEASE_SECONDS for lease in leases)
    assert all(lease["spec"]["renewTime"] for lease in leases)


@pytest.mark.cluster
@pytest.mark.slow
def test_nodes_stay_ready_while_kwok_runs_and_not_without_it() -> None:
    def not_ready() -> int:
        return cluster.kubectl("get", "events", "--field-selector=reason=NodeNotReady", "-o", "name").stdout.count("/")

    with Cluster(nodes.parse("- {name: a, count: 2}")) as cluster:
        time.sleep(GRACE_SECONDS + 15)
        assert not_ready() == 0
        cluster.kill(Component.KWOK)
        until(lambda: not_ready() == 2, "both nodes are noticed to be silent", 3 * GRACE_SECONDS)


@pytest.mark.cluster
def test_what_was_written_survives_the_kill_of_any_component() -> None:
    with Cluster() as cluster:
        cluster.kubectl("create", "configmap", "kept", "--from-literal=a=1")
        for component in Component:
            cluster.restart(component)
        assert cluster.kubectl("get", "configmap/kept", "--output=jsonpath={.data.a}").stdout == "1"
        cluster.kubectl("create", "deployment", "after", "--image=after:1")
        cluster.kubectl("wait", "--for=condition=Available", "deployment/after", "--timeout=60s")


@pytest.mark.cluster
def test_a_component_that_hangs_keeps_its_connections_and_can_go_on() -> None:
    with Cluster(()) as cluster:
        cluster.kill(Component.API_SERVER, signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            cluster.kubectl("get", "--raw=/readyz", timeout=1)
        cluster.kill(Component.API_SERVER, signal.SIGCONT)
        cluster.wait_ready()


@pytest.mark.cluster
def test_a_component_that_ends_during_the_start_is_reported_with_its_last_words() -> None:
    with Cluster(()) as cluster:
        cluster.processes.start("kwok", [cluster.programs / "kwok", "--no-such-flag"], {})
        assert soon(lambda: cluster.processes.states()["kwok"].code is not None)
        with pytest.raises(ClusterError, match=r"kwok ended with 1 (?s:.*)unknown flag: --no-such-flag"):
            check_alive(cluster.processes)


@pytest.mark.cluster
def test_kill_minus_nine_of_pytest_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "test_run.py").write_text(RUN)
    command = [sys.executable, "-m", "pytest", "-p", "tests.cluster.fixtures", "-p", "no:cacheprovider"]
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen(
            [*command, str(tmp_path / "test_run.py"), f"--rootdir={tmp_path}", "--confcutdir", str(tmp_path)],
            env=os.environ | {"CLUSTER": "built"}, stdout=output, stderr=output,
        )  # fmt: skip
    facts_file = tmp_path / "facts"
    deadline = time.monotonic() + 120
    while not facts_file.exists() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    run.kill()
    run.wait()
    assert facts_file.exists(), (tmp_path / "output").read_text()
    facts: dict[str, Any] = json.loads(facts_file.read_text())
    assert len(facts["pids"]) == len(Component) + 1
    assert soon(lambda: not any(map(runs, facts["pids"])))
    assert not Path(facts["folder"]).exists()


class Command:
    """python -m tests.cluster with a cluster name of its own."""

    name = f"test-{os.getpid()}"

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.cluster", "--name", self.name, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.cluster
def test_a_cluster_in_the_background_stays_until_it_is_told_to_end() -> None:
    run = Command()
    try:
        assert "is up at https://127.0.0.1:" in run("up").stdout
        assert f"{run.name}: https://127.0.0.1:" in run("status").stdout
        assert "general-0" in run("kubectl", "get", "nodes", "-o", "name").stdout
        assert run("helm", "list", "-A").stdout.startswith("NAME")
        (config,) = [line for line in run("env").stdout.splitlines() if line.startswith("export KUBECONFIG=")]
        assert Path(config.partition("=")[2]).exists()
    finally:
        ended = run("down")
    assert ended.stdout == f"Cluster {run.name} ended.\n"
    assert not Path(config.partition("=")[2]).exists()
    assert run.name not in run("status").stdout
    assert "is not up: python -m tests.cluster" in run("env").stderr


@pytest.mark.cluster
def test_a_background_cluster_whose_holder_was_killed_is_gone_and_does_not_look_alive() -> None:
    run = Command()
    try:
        run("up")
        state = json.loads((folder_of(run.name) / "state.json").read_text())
        os.kill(int((folder_of(run.name) / "lock").read_text()), signal.SIGKILL)
        assert soon(lambda: not any(map(runs, state["processes"].values())))
        assert run.name not in run("status").stdout
    finally:
        assert run("down").stdout == f"Cluster {run.name} was not up.\n"
    assert not folder_of(run.name).exists()


@pytest.mark.cluster
def test_a_background_cluster_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text("- {name: a, zone: z}")
    done = Command()("up", "--nodes", str(tmp_path / "nodes.yaml"))
    assert done.returncode == 1
    assert "0.zone: Extra inputs are not permitted" in done.stderr
