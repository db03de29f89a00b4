"""The operator as a process of its own, which ends with the run that started it, also after kill -9."""

import random
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cluster import RunningCluster
from tests.cluster.components import LOOPBACK, is_free
from tests.cluster.fleet import until
from tests.cluster.processes import Processes

CRDS = Path(__file__).parent.parent / "crds"
NAMESPACE = "pilothouse-system"
READY_SECONDS = 60
_PORTS = range(10_000, 29_000)


class Operator:
    """One operator over a cluster. `kill` and `start` may follow each other as often as a test likes.

    kubeconfig: whose rights it has; the cluster's administrator's by default. arguments: more of `pilothouse run`.
    """

    def __init__(self, cluster: RunningCluster, *arguments: str, kubeconfig: Path | None = None) -> None:
        self._kubeconfig = kubeconfig or cluster.kubeconfig
        self._probes, self._metrics = _two_free_ports()
        self._arguments, self._processes, self._starts = arguments, Processes(), 0
        own = {"KUBECONFIG": str(self._kubeconfig), "TMPDIR": str(self._processes.folder)}
        self._environment = {**cluster.environment(), **own}
        self.pid = 0

    def __enter__(self) -> Self:
        self.start()
        self.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name of the newest process: one log each."""
        return f"operator-{self._starts}"

    @property
    def log(self) -> Path:
        """The log of the newest process."""
        return self._processes.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start a process; it is not ready yet."""
        self._starts += 1
        addresses = ("--liveness", f"{LOOPBACK}:{self._probes}", "--metrics", f"{LOOPBACK}:{self._metrics}")
        command = (sys.executable, "-m", "pilothouse.runtime", "run", "--namespace", NAMESPACE, *addresses)
        self.pid = self._processes.start(self.name, (*command, *self._arguments), self._environment)

    def wait_ready(self) -> None:
        """Wait until /readyz says so. Raises AssertionError with the end of the log when it ends or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers("readyz"):
            ended = self._processes.states()[self.name].code
            if ended is not None or time.monotonic() > deadline:
                state = f"ended with code {ended}" if ended is not None else f"not ready after {READY_SECONDS} s"
                raise AssertionError(f"the operator: {state}\n{self.log_tail()}")
            time.sleep(0.1)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal; after SIGKILL the process is gone when this returns."""
        self._processes.signal(self.name, number)

    def close(self) -> None:
        """End it and remove its logs."""
        self._processes.close()

    def metrics(self) -> str:
        """Return what /metrics says."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self._metrics}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of the newest process's log."""
        return self._processes.log_tail(self.name, lines)

    def _answers(self, probe: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self._probes}/{probe}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def install_kinds(cluster: RunningCluster) -> None:
    """Install the custom resource definitions and the operator's namespace."""
    cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
    names = [f"crd/{kind}.pilothouse.dev" for kind in ("applications", "plans", "cells", "fleetpolicies")]
    # In its first moment a definition has no conditions, and kubectl takes that for an error.
    wait = ("wait", "--for=condition=Established", "--timeout=10s", *names)
    until(lambda: cluster.kubectl(*wait, check=False).returncode == 0, "the kinds are established", READY_SECONDS)
    if cluster.kubectl("get", "namespace", NAMESPACE, check=False).returncode:
        cluster.kubectl("create", "namespace", NAMESPACE)


def _two_free_ports() -> tuple[int, int]:
    free = (port for port in random.sample(_PORTS, len(_PORTS)) if is_free(port))
    return next(free), next(free)
