"""The command line of every process of a built cluster."""

import random
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.cluster import audit
from tests.cluster.nodes import FAKE

LOOPBACK = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/12"
SERVICE_ADDRESS = "10.96.0.1"  # of the Service `kubernetes`: the first of the range
POD_RANGE = "10.128.0.1/9"
PORTS = range(
    10_000, 30_000
)  # below what the kernel hands to outgoing connections, so that a restart finds its port free
LEASE_SECONDS = 40  # as a kubelet; without Leases every node is NotReady for some seconds each minute
STAGES = Path(__file__).with_name("stages.yaml")


class Component(StrEnum):
    """A process of the cluster, which tests may kill and start."""

    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"
    KWOK = "kwok"


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one cluster."""

    api_server: int
    etcd: int
    etcd_peer: int


@dataclass(frozen=True)
class Files:
    """What is written before the first process starts; all paths are absolute."""

    ca: Path
    server_certificate: Path
    server_key: Path
    service_account_public: Path
    service_account_private: Path
    tokens: Path
    controller_manager: Path
    scheduler: Path
    kwok: Path


@dataclass(frozen=True)
class Layout:
    """Everything the command lines depend on."""

    programs: Path
    folder: Path
    ports: Ports
    files: Files
    audited: bool = False

    @property
    def audit_log(self) -> Path:
        """What `tests.cluster.audit` reads, if `audited`."""
        return self.folder / "audit.log"

    def argv(self, component: Component) -> list[str | Path]:
        """The command line of `component`."""
        return [self.programs / component, *COMMANDS[component](self)]


def free_ports() -> Ports:
    """Three ports nobody listens on at this moment; whoever comes first between now and their use wins."""
    found: set[int] = set()
    while len(found) < 3:
        port = random.choice(PORTS)
        if is_free(port):
            found.add(port)
    return Ports(*found)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether a server accepts connections on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def etcd(layout: Layout) -> list[str]:
    """Without fsync: the data ends with the run, and survives a kill -9 of etcd, since the kernel keeps its pages."""
    client, peer = f"http://{LOOPBACK}:{layout.ports.etcd}", f"http://{LOOPBACK}:{layout.ports.etcd_peer}"
    return [
        "--name=etcd",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=etcd={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server(layout: Layout) -> list[str]:
    """RBAC, the Node authorizer and the default admission plugins, ValidatingAdmissionPolicy among them."""
    files = layout.files
    return [
        f"--etcd-servers=http://{LOOPBACK}:{layout.ports.etcd}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={layout.ports.api_server}",
        f"--tls-cert-file={files.server_certificate}",
        f"--tls-private-key-file={files.server_key}",
        f"--client-ca-file={files.ca}",
        f"--token-auth-file={files.tokens}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={files.service_account_public}",
        f"--service-account-signing-key-file={files.service_account_private}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--shutdown-delay-duration=0s",
        *([f"--audit-policy-file={audit.POLICY}", f"--audit-log-path={layout.audit_log}"] if layout.audited else []),
    ]


# A client of the controller manager and the scheduler may send 20 and 50 requests a second by default: a test of a
# thousand objects would measure that limit.
UNTHROTTLED = ["--kube-api-qps=1000", "--kube-api-burst=2000"]


def controller_manager(layout: Layout) -> list[str]:
    """Every default controller, each with its own ServiceAccount, as in a real cluster."""
    return [
        f"--kubeconfig={layout.files.controller_manager}",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={layout.files.service_account_private}",
        f"--root-ca-file={layout.files.ca}",
        f"--flex-volume-plugin-dir={layout.folder / 'flex-volumes'}",
        "--leader-elect=false",
        "--secure-port=0",
        *UNTHROTTLED,
    ]


def scheduler(layout: Layout) -> list[str]:
    """The default scheduler."""
    return [f"--kubeconfig={layout.files.scheduler}", "--leader-elect=false", "--secure-port=0", *UNTHROTTLED]


def kwok(layout: Layout) -> list[str]:
    """Plays our stages on the nodes that carry our annotation, and on no others."""
    return kwok_arguments(layout.files.kwok)


def kwok_arguments(kubeconfig: Path) -> list[str]:
    """How kwok is called, in any kind of cluster."""
    selector = ",".join(f"{key}={value}" for key, value in FAKE.items())
    return [
        f"--kubeconfig={kubeconfig}",
        f"--config={STAGES}",
        f"--manage-nodes-with-annotation-selector={selector}",
        f"--cidr={POD_RANGE}",
        f"--node-lease-duration-seconds={LEASE_SECONDS}",
    ]


COMMANDS = {
    Component.ETCD: etcd,
    Component.API_SERVER: api_server,
    Component.CONTROLLER_MANAGER: controller_manager,
    Component.SCHEDULER: scheduler,
    Component.KWOK: kwok,
}
