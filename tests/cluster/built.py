"""A whole control plane of real programs on free loopback ports, with fake nodes: ready in about five seconds."""

import secrets
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.cluster import certificates, fleet, kubeconfig, nodes, programs
from tests.cluster.components import LOOPBACK, SERVICE_ADDRESS, Component, Files, Layout, free_ports, listens
from tests.cluster.errors import ClusterError
from tests.cluster.processes import Processes
from tests.cluster.running import RunningCluster, User

START_SECONDS = 90.0
ATTEMPTS = 3
CLIENTS = {
    Component.CONTROLLER_MANAGER: "system:kube-controller-manager",
    Component.SCHEDULER: "system:kube-scheduler",
    Component.KWOK: fleet.KWOK_USER,
}


class PortTakenError(ClusterError):
    """Another process took a port between its choice and its use."""


@dataclass(frozen=True)
class BuiltCluster(RunningCluster):
    """A cluster of our own processes, which tests may kill and start."""

    layout: Layout
    processes: Processes

    def kill(self, component: Component, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a component; after SIGKILL (the default) it is gone. SIGSTOP and SIGCONT make it hang."""
        self.processes.signal(component, number)

    def start(self, component: Component) -> None:
        """Start a component that ended, and wait until the API server is ready, or the component runs."""
        if component is Component.KWOK:
            with closing(self.api()) as api:
                fleet.drop_leases(api)
        launch(self.processes, self.layout, component)
        if component in (Component.ETCD, Component.API_SERVER):
            self.wait_ready()

    def restart(self, component: Component) -> None:
        """Kill a component with SIGKILL and start it again."""
        self.kill(component)
        self.start(component)

    def wait_ready(self) -> None:
        """Wait until /readyz says ok. Raises ClusterError after 90 s."""
        with closing(self.api()) as api:
            fleet.until(lambda: api.get("/readyz") == "ok", "the API server is ready", START_SECONDS)


class Cluster:
    """`with Cluster() as cluster:` runs a cluster of its own for the length of the block; several can run at a time.

    `node_pools`: pools, or the path of a node file; the default is nodes.yaml. `audited`: the API server writes down
    what ServiceAccounts ask for. Raises ClusterError and its kinds.
    """

    def __init__(
        self, node_pools: Sequence[nodes.NodePool] | Path = nodes.DEFAULT_NODES, *, audited: bool = False
    ) -> None:
        self._audited = audited
        self._pools = nodes.load(node_pools) if isinstance(node_pools, Path) else tuple(node_pools)
        self._running: BuiltCluster | None = None

    def __enter__(self) -> BuiltCluster:
        folder_of_programs = programs.ensure()
        for attempt in range(ATTEMPTS):
            processes = Processes()
            try:
                self._running = bring_up(processes, folder_of_programs, self._pools, audited=self._audited)
            except PortTakenError:
                processes.close()
                if attempt == ATTEMPTS - 1:
                    raise
            except BaseException:
                processes.close()
                raise
            else:
                return self._running
        raise AssertionError("unreachable: the last attempt returns or raises")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.processes.close()
            self._running = None


def bring_up(
    processes: Processes, folder_of_programs: Path, pools: Sequence[nodes.NodePool], *, audited: bool = False
) -> BuiltCluster:
    """Start everything in `processes` and wait until pods can be scheduled. Raises ClusterError."""
    cluster = prepare(processes, folder_of_programs, fake_nodes=bool(pools), audited=audited)

    def wait(what: str, done: fleet.Probe) -> None:
        fleet.until(done, what, START_SECONDS, check=lambda: check_alive(processes))

    with closing(cluster.api()) as api:
        launch(processes, cluster.layout, Component.ETCD)
        wait("etcd listens", lambda: listens(cluster.layout.ports.etcd))
        launch(processes, cluster.layout, Component.API_SERVER)
        wait("the API server is ready", lambda: api.get("/readyz") == "ok")
        launch(processes, cluster.layout, Component.CONTROLLER_MANAGER)
        launch(processes, cluster.layout, Component.SCHEDULER)
        fleet.grant_kwok(api)
        fleet.create_nodes(api, nodes.manifests(pools))
        launch(processes, cluster.layout, Component.KWOK)
        wait("the nodes are ready", lambda: fleet.nodes_ready(api))
        wait("pods can be made", lambda: fleet.exists(api, "/api/v1/namespaces/default/serviceaccounts/default"))
    return cluster


def prepare(processes: Processes, folder_of_programs: Path, *, fake_nodes: bool, audited: bool = False) -> BuiltCluster:
    """Choose the ports and write keys, certificates and kubeconfigs; nothing is started."""
    ports, folder, authority, token = free_ports(), processes.folder, certificates.Authority(), secrets.token_hex(20)
    endpoint = kubeconfig.Endpoint(f"https://{LOOPBACK}:{ports.api_server}", authority.certificate)
    files = write_files(folder, authority, endpoint, token)
    return BuiltCluster(
        url=endpoint.url,
        ca=files.ca,
        token=token,
        kubeconfig=kubeconfig.write(folder / "admin.kubeconfig", endpoint, kubeconfig.by_token(token)),
        folder=folder,
        programs=folder_of_programs,
        fake_nodes=fake_nodes,
        credentials=lambda user: signed(authority, user),
        layout=Layout(folder_of_programs, folder, ports, files, audited),
        processes=processes,
    )


def signed(authority: certificates.Authority, user: User) -> kubeconfig.Credentials:
    """Credentials for `user`: a client certificate by the cluster's own authority."""
    return kubeconfig.by_certificate(authority.client(user.name, user.groups))


def write_files(folder: Path, authority: certificates.Authority, endpoint: kubeconfig.Endpoint, token: str) -> Files:
    """Write everything the components read."""
    ca = folder / "ca.crt"
    ca.write_bytes(authority.certificate)
    names = ["kubernetes.default.svc", "kubernetes.default", "kubernetes", "localhost"]
    certificate, key = authority.server(names, [LOOPBACK, SERVICE_ADDRESS]).write(folder, "server")
    public, private = certificates.service_account_keys(folder)
    tokens = folder / "tokens.csv"
    certificates.write_private(tokens, f'{token},admin,admin,"system:masters"\n'.encode())
    clients = {
        component: kubeconfig.write(folder / f"{component}.kubeconfig", endpoint, signed(authority, User(name)))
        for component, name in CLIENTS.items()
    }
    return Files(
        ca=ca,
        server_certificate=certificate,
        server_key=key,
        service_account_public=public,
        service_account_private=private,
        tokens=tokens,
        controller_manager=clients[Component.CONTROLLER_MANAGER],
        scheduler=clients[Component.SCHEDULER],
        kwok=clients[Component.KWOK],
    )


def launch(processes: Processes, layout: Layout, component: Component) -> None:
    """Start a component with nothing of the user's environment."""
    processes.start(component, layout.argv(component), {"HOME": str(layout.folder), "PATH": ""})


def check_alive(processes: Processes) -> None:
    """Raise ClusterError with the end of the log when a component has ended."""
    for name, state in processes.states().items():
        if state.code is None:
            continue
        tail = processes.log_tail(name)
        kind = PortTakenError if "address already in use" in tail else ClusterError
        raise kind(f"{name} ended with {state.code} while the cluster started; the end of its log:\n{tail}")
