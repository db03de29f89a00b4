"""Clusters that stay up after the command that started them: `up` starts a process that holds one, `down` ends it.

The holder keeps a lock for as long as it lives, so a cluster whose holder was killed never looks alive.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster import programs
from tests.cluster.api import Api
from tests.cluster.built import Cluster
from tests.cluster.cache import cache_dir, exclusive, holder, is_held
from tests.cluster.errors import ClusterError
from tests.cluster.nodes import load

TOP = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class State:
    """What others need to know of a cluster that is up; paths as text, processes by name."""

    url: str
    token: str
    kubeconfig: str
    ca: str
    programs: str
    processes: dict[str, int]

    def answers(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            return bool(Api(self.url, Path(self.ca), self.token).get("/readyz") == "ok")
        except (OSError, ClusterError):
            return False

    def environment(self) -> dict[str, str]:
        """The variables that point kubectl and helm at this cluster."""
        folder = Path(self.kubeconfig).parent
        path = os.pathsep.join([self.programs, os.environ.get("PATH", "")])
        return {"KUBECONFIG": self.kubeconfig, "KUBECACHEDIR": str(folder / "kube-cache"), "PATH": path}


def up(name: str, node_file: Path) -> State:
    """Start the cluster `name`, or find it running. Raises ClusterError with the holder's words if it fails."""
    load(node_file)
    programs.ensure()
    if holder(lock(name)) is None:
        shutil.rmtree(folder_of(name), ignore_errors=True)
        folder_of(name).mkdir(parents=True)
        with log(name).open("ab") as output:
            subprocess.Popen(
                [sys.executable, "-m", "tests.cluster", "--name", name, "hold", "--nodes", str(node_file.resolve())],
                cwd=TOP, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
    return wait_for_state(name)


def wait_for_state(name: str) -> State:
    """Wait until the holder has written down its cluster."""
    deadline, begun = time.monotonic() + START_SECONDS, False
    while time.monotonic() < deadline:
        if found := state(name):
            return found
        held = is_held(lock(name))
        if begun and not held:
            break
        begun = begun or held
        time.sleep(LOOK_SECONDS)
    said = log(name).read_text(errors="replace").strip() if log(name).exists() else "nothing"
    down(name)
    raise ClusterError(f"cluster {name} did not start; it said: {said}")


def hold(name: str, node_file: Path) -> None:
    """Run the cluster `name` until SIGTERM: what the background process does."""
    with exclusive(lock(name)), Cluster(node_file) as cluster:
        known = State(
            url=cluster.url,
            token=cluster.token,
            kubeconfig=str(cluster.kubeconfig),
            ca=str(cluster.ca),
            programs=str(cluster.programs),
            processes={process: state.pid for process, state in cluster.processes.states().items()},
        )
        half = folder_of(name) / "state.part"
        half.touch(mode=0o600)
        half.write_text(json.dumps(asdict(known)))
        half.rename(state_file(name))
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        signal.sigwait([signal.SIGTERM, signal.SIGINT])


def down(name: str) -> bool:
    """End the cluster `name`; True if it ran. Raises ClusterError when its holder does not end."""
    pid = holder(lock(name))
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while is_held(lock(name)):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"cluster {name}: process {pid} has not ended in {STOP_SECONDS:.0f} s: kill -9 {pid}"
                )
            time.sleep(LOOK_SECONDS)
    shutil.rmtree(folder_of(name), ignore_errors=True)
    return pid is not None


def state(name: str) -> State | None:
    """What is known of the cluster `name`; None unless it is up."""
    if not is_held(lock(name)) or not state_file(name).exists():
        return None
    return State(**json.loads(state_file(name).read_text()))


def names() -> list[str]:
    """Every cluster that is up or starting."""
    return sorted(found.parent.name for found in (cache_dir() / "up").glob("*/lock") if is_held(found))


def folder_of(name: str) -> Path:
    """Where the state of the cluster `name` is kept."""
    return cache_dir() / "up" / name


def lock(name: str) -> Path:
    """The file that the holder of `name` keeps locked."""
    return folder_of(name) / "lock"


def state_file(name: str) -> Path:
    """Written once the cluster is ready."""
    return folder_of(name) / "state.json"


def log(name: str) -> Path:
    """What the holder of `name` prints."""
    return folder_of(name) / "holder.log"
