"""The operator as a process of its own: started, stopped, killed with -9 and started again, as a node does all that.

It is a child of a supervisor, so it never outlives the run that started it, also after kill -9.
"""

import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pilothouse
from pilothouse.api.reasons import UNDECLARED
from pilothouse.catalog.crds import KINDS
from tests.cluster import RunningCluster
from tests.cluster.components import LOOPBACK, PORTS, is_free
from tests.cluster.fleet import until
from tests.cluster.processes import Processes

CRDS: Final = Path(__file__).parent.parent / "crds"
NAMESPACE: Final = "pilothouse-system"
PROGRAM: Final = Path(sys.executable).with_name("pilothouse")
SOURCE: Final = Path(pilothouse.__file__).parents[1]
"""What the tests import is what they run."""
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.05
_PAGE_SECONDS: Final = 5.0


class Operator:
    """One operator over a cluster. `kill` and `start` may follow each other as often as a test likes.

    arguments: more of `pilothouse run`; kubeconfig: whose rights it has, by default those of the cluster's
    administrator; namespace: its own; program: what is run instead of `pilothouse`. Nothing of the tester's environment
    reaches it.
    """

    name: Final = "operator"

    def __init__(
        self,
        cluster: RunningCluster,
        *arguments: str,
        kubeconfig: Path | None = None,
        namespace: str = NAMESPACE,
        program: Sequence[str] = (str(PROGRAM),),
    ) -> None:
        self.namespace, self.pid, self.kubeconfig = namespace, 0, kubeconfig or cluster.kubeconfig
        self._processes = Processes()
        self._port = next(port for port in random.sample(PORTS, len(PORTS)) if is_free(port))
        address = f"{LOOPBACK}:{self._port}"
        own = (f"--namespace={namespace}", f"--liveness={address}", f"--metrics={address}")
        self._command = (*program, "run", *own, *arguments)
        folder = str(self._processes.folder)
        self._environment = {
            "KUBECONFIG": str(self.kubeconfig),
            "HOME": folder,
            "TMPDIR": folder,
            "PATH": "",
            "PYTHONPATH": str(SOURCE),
            # What stands nowhere in the record of reasons ends the pass that would write it.
            "PYTHONWARNINGS": f"error:{UNDECLARED}",
        }

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.close()

    @property
    def log(self) -> Path:
        """The file that every start appends to."""
        return self._processes.folder / f"{self.name}.log"

    @property
    def code(self) -> int | None:
        """The exit code of the last start (negative: the signal that ended it); None while it runs."""
        return self._processes.states()[self.name].code

    def start(self, *, wait: bool = True) -> None:
        """Start it, and unless told otherwise wait until it is ready."""
        self.pid = self._processes.start(self.name, self._command, self._environment)
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until /readyz says ok. AssertionError with the end of the log when it does not, or the process ends."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers("readyz"):
            assert self.code is None, f"the operator ended with {self.code}:\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"not ready after {READY_SECONDS:.0f} s:\n{self.log_tail()}"
            time.sleep(_LOOK_SECONDS)

    def healthy(self) -> bool:
        """Whether /healthz says ok."""
        return self._answers("healthz")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal; after SIGKILL it is gone when this returns."""
        self._processes.signal(self.name, number)

    def stop(self) -> int:
        """End it with SIGTERM, as a kubelet does; returns the exit code."""
        self.kill(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (code := self.code) is None:
            assert time.monotonic() < deadline, f"runs {STOP_SECONDS:.0f} s after SIGTERM:\n{self.log_tail()}"
            time.sleep(_LOOK_SECONDS)
        return code

    def metrics(self) -> str:
        """Return what Prometheus would scrape now. Raises OSError or HTTPException when there is no such answer."""
        return self._page("metrics")

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the log."""
        return self._processes.log_tail(self.name, lines)

    def _answers(self, probe: str) -> bool:
        try:
            return bool(self._page(probe))
        except (OSError, HTTPException):
            return False

    def _page(self, name: str) -> str:
        with closing(HTTPConnection(LOOPBACK, self._port, timeout=_PAGE_SECONDS)) as connection:
            connection.request("GET", f"/{name}")
            reply = connection.getresponse()
            text = reply.read().decode()
        if reply.status != HTTPStatus.OK:
            raise ConnectionError(f"/{name} answered {reply.status}: {text}")
        return text


def install_kinds(cluster: RunningCluster) -> None:
    """Install the kinds and the operator's namespace, and wait until kubectl knows them."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    until(lambda: _are_known(cluster), "the kinds are listed and can be explained", READY_SECONDS)
    if cluster.kubectl("get", "namespace", NAMESPACE, check=False).returncode:
        cluster.kubectl("create", "namespace", NAMESPACE)


def _are_known(cluster: RunningCluster) -> bool:
    """Whether kubectl knows every kind by its short name and can explain it: both come a moment after Established."""
    # api-resources asks the server and refreshes what kubectl keeps on disk; `explain` alone would believe its cache.
    known = cluster.kubectl("api-resources", "--api-group=pilothouse.dev", "--no-headers", check=False).stdout
    explained = cluster.kubectl("get", "--raw", "/openapi/v3/apis/pilothouse.dev/v1alpha1", check=False).stdout
    return all(kind.short in known and f'"kind":"{kind.name}"' in explained for kind in KINDS)
