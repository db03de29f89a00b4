"""Clusters of other makes: the kubeconfig's current context, after asking, and a throw-away kind cluster in Docker."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.cluster import components, fleet, kubeconfig, nodes, programs
from tests.cluster.errors import ClusterError
from tests.cluster.processes import Processes
from tests.cluster.running import RunningCluster, ServiceAccount, User

YES = "PILOTHOUSE_CLUSTER_YES"
DOCKER_SECONDS = 20
KIND_SECONDS = 600
READY_SECONDS = 120.0
KIND_ADMIN = ServiceAccount("kube-system", "pilothouse-tests")


@contextmanager
def current_cluster() -> Iterator[RunningCluster]:
    """The cluster of the kubeconfig's current context, as it is: no fake nodes are added.

    Raises ClusterError when there is no context or nobody agreed.
    """
    kubectl = programs.ensure() / "kubectl"
    context = output([kubectl, "config", "current-context"], "set a context: kubectl config use-context NAME")
    view: list[str | Path] = [kubectl, "config", "view", "--minify", "--flatten", "--raw"]
    endpoint, user = kubeconfig.read(output(view, "repair the kubeconfig"))
    confirm(f"Run tests that create and delete namespaces and CRDs in {context} ({endpoint.url})?")
    with closing(Processes()) as processes:
        yield opened(processes.folder, endpoint, user, fake_nodes=False)


@contextmanager
def kind_cluster(pools: Sequence[nodes.NodePool]) -> Iterator[RunningCluster]:
    """A new kind cluster with our fake nodes, deleted at the end, also after kill -9.

    Raises ClusterError when Docker or kind does not answer.
    """
    kind = kind_that_answers()
    programs.ensure()
    name = f"pilothouse-{secrets.token_hex(3)}"
    with closing(Processes()) as processes:
        path = processes.folder / "kind.kubeconfig"
        processes.at_end([kind, "delete", "cluster", "--name", name, "--kubeconfig", path])
        output(
            [kind, "create", "cluster", "--name", name, "--kubeconfig", path, "--wait", f"{READY_SECONDS:.0f}s"],
            "see whether Docker has room and its images can be had, or use CLUSTER=built",
            seconds=KIND_SECONDS,
        )
        cluster = with_token(opened(processes.folder, *kubeconfig.read(path.read_text()), fake_nodes=bool(pools)))
        populate(cluster, processes, pools)
        yield cluster


def opened(
    folder: Path, endpoint: kubeconfig.Endpoint, user: kubeconfig.Credentials, *, fake_nodes: bool
) -> RunningCluster:
    """A cluster reached with the credentials of a kubeconfig; other users are impersonated."""
    ca = folder / "ca.crt"
    ca.write_bytes(endpoint.ca)
    return RunningCluster(
        url=endpoint.url,
        ca=ca,
        token=user.get("token", ""),
        kubeconfig=kubeconfig.write(folder / "admin.kubeconfig", endpoint, user),
        folder=folder,
        programs=programs.ensure(),
        fake_nodes=fake_nodes,
        credentials=impersonating(user),
    )


def impersonating(user: kubeconfig.Credentials) -> Callable[[User], kubeconfig.Credentials]:
    """Credentials that act as somebody else by the right to impersonate."""
    return lambda other: {**user, "as": other.name, "as-groups": list(other.groups)}


def with_token(cluster: RunningCluster) -> RunningCluster:
    """The same cluster, reached by the token of a ServiceAccount with all rights; kind gives only a certificate."""
    namespace, name = KIND_ADMIN.namespace, KIND_ADMIN.name
    cluster.kubectl("create", "serviceaccount", name, "--namespace", namespace)
    binding = ["--clusterrole=cluster-admin", f"--serviceaccount={namespace}:{name}"]
    cluster.kubectl("create", "clusterrolebinding", name, *binding)
    _, user = kubeconfig.read(cluster.kubeconfig_for(KIND_ADMIN).read_text())
    return opened(
        cluster.folder, kubeconfig.Endpoint(cluster.url, cluster.ca.read_bytes()), user, fake_nodes=cluster.fake_nodes
    )


def populate(cluster: RunningCluster, processes: Processes, pools: Sequence[nodes.NodePool]) -> None:
    """Add the fake nodes and run kwok for them on this machine."""
    with closing(cluster.api()) as api:
        fleet.grant_kwok(api)
        fleet.create_nodes(api, nodes.manifests(pools))
        as_kwok = cluster.kubeconfig_for(User(fleet.KWOK_USER))
        kwok: list[str | Path] = [cluster.programs / components.Component.KWOK, *components.kwok_arguments(as_kwok)]
        processes.start(components.Component.KWOK, kwok, {"HOME": str(cluster.folder), "PATH": ""})
        fleet.until(lambda: fleet.nodes_ready(api), "the nodes are ready", READY_SECONDS)


def kind_that_answers() -> Path:
    """The kind command, when it and Docker work. Raises ClusterError with the mend."""
    kind = shutil.which("kind")
    if kind is None:
        raise ClusterError("CLUSTER=kind: no kind on PATH: install kind, or use CLUSTER=built, which needs no Docker")
    mend = "start Docker and see that this user may reach it, or use CLUSTER=built, which needs no Docker"
    output(["docker", "info", "--format", "{{.ServerVersion}}"], mend, seconds=DOCKER_SECONDS)
    return Path(kind)


def output(command: Sequence[str | Path], mend: str, seconds: float = 60) -> str:
    """What a command prints. Raises ClusterError, which ends in `mend`, when it fails or is missing."""
    shown = " ".join(str(word) for word in command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClusterError(f"{shown}: {error}: {mend}") from error
    if done.returncode != 0:
        raise ClusterError(f"{shown}: {done.stderr.strip()}: {mend}")
    return done.stdout.strip()


def confirm(question: str) -> None:
    """Ask y/N on the terminal itself, which pytest does not capture. Raises ClusterError unless the answer is yes."""
    if os.environ.get(YES) == "1":
        return
    try:
        # Unbuffered, because a terminal cannot seek.
        terminal = Path("/dev/tty").open("r+b", buffering=0)  # noqa: SIM115 - closed below; only opening may fail so
    except OSError as error:
        raise ClusterError(f"{question} There is no terminal to ask on: set {YES}=1 to agree") from error
    with terminal:
        terminal.write(f"\n{question} [y/N] ".encode())
        answer = terminal.readline().decode().strip().lower()
    if answer not in ("y", "yes"):
        raise ClusterError(f"{question} Answered no")
