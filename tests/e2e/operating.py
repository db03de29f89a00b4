"""The operator as a real process: started, stopped, killed with -9 and started again, as a node does all that.

It is a child of the supervisor that also owns a test cluster's processes, so it never outlives the run.
"""

import random
import signal
import sys
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import pilothouse
from tests.cluster.components import LOOPBACK, PORTS, is_free
from tests.cluster.processes import Processes

NAME: Final = "operator"
PROGRAM: Final = Path(sys.executable).with_name("pilothouse")
SOURCE: Final = Path(pilothouse.__file__).parents[1]
"""What the tests import is what they run."""
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.05
_PAGE_SECONDS: Final = 5.0
_OK: Final = 200


class Operator:
    """One operator. `with Operator(...) as operator:` ends its process at the end of the block; `start` begins it.

    kubeconfig: whom it acts as; namespace: its own. identity: that of its pod; the same after each start, as that of a
    container that a kubelet starts again, so that the Lease of a killed one is taken over at once.
    """

    def __init__(
        self, kubeconfig: Path, namespace: str, *, identity: str = "pilothouse-0", sweep_seconds: float = 2.0
    ) -> None:
        self.namespace, self.identity = namespace, identity
        self._kubeconfig, self._sweep_seconds = kubeconfig, sweep_seconds
        self._processes = Processes()
        self._port = _free_port()

    @property
    def log(self) -> Path:
        """The file that every start of this operator appends to."""
        return self._processes.folder / f"{NAME}.log"

    @property
    def code(self) -> int | None:
        """The exit code of the last start (negative: the signal that ended it); None while it runs."""
        return self._processes.states()[NAME].code

    def __enter__(self) -> Self:
        """Enter; nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.close()

    def start(self, *, wait: bool = True) -> None:
        """Start it, and unless told otherwise wait until it is ready."""
        arguments = [f"--namespace={self.namespace}", f"--identity={self.identity}"]
        arguments += [f"--liveness={LOOPBACK}:{self._port}", f"--metrics={LOOPBACK}:{self._port}"]
        arguments += [f"--sweep-seconds={self._sweep_seconds:g}"]
        environment = {
            "KUBECONFIG": str(self._kubeconfig),
            "HOME": str(self._processes.folder),
            "PATH": "",
            "PYTHONPATH": str(SOURCE),
        }
        self._processes.start(NAME, [PROGRAM, "run", *arguments], environment)
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until /readyz says ok. AssertionError with the end of the log when it does not, or the process ends."""
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            assert self.code is None, f"the operator ended with {self.code}:\n{self.tail()}"
            assert time.monotonic() < deadline, f"not ready after {START_SECONDS:.0f} s:\n{self.tail()}"
            time.sleep(_LOOK_SECONDS)

    def ready(self) -> bool:
        """Whether /readyz says ok."""
        return self._page("/readyz")[0] == _OK

    def stop(self) -> int:
        """End it with SIGTERM, as a kubelet does; returns the exit code."""
        self._processes.signal(NAME, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (code := self.code) is None:
            assert time.monotonic() < deadline, f"it has not ended {STOP_SECONDS:.0f} s after SIGTERM:\n{self.tail()}"
            time.sleep(_LOOK_SECONDS)
        return code

    def kill(self) -> None:
        """End it with SIGKILL; it is gone when this returns."""
        self._processes.signal(NAME, signal.SIGKILL)

    def restart(self) -> None:
        """Kill it, start it, and wait until it is ready."""
        self.kill()
        self.start()

    def metrics(self) -> dict[str, Metric]:
        """Everything that Prometheus would scrape now, by the name of the family."""
        status, text = self._page("/metrics")
        assert status == _OK, f"/metrics answered {status}: {text}"
        families: Iterable[Metric] = text_string_to_metric_families(text)
        return {family.name: family for family in families}

    def tail(self, lines: int = 40) -> str:
        """The last lines of the log."""
        return self._processes.log_tail(NAME, lines)

    def _page(self, path: str) -> tuple[int, str]:
        """Status and text of a page; 0 when nobody answers."""
        connection = HTTPConnection(LOOPBACK, self._port, timeout=_PAGE_SECONDS)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        except (HTTPException, OSError):
            return 0, ""
        finally:
            connection.close()


def sample(family: Metric, **labels: str) -> float:
    """The sum of the samples of a family that bear these labels; what a counter made up to tell its age is left out."""
    return sum(
        found.value
        for found in family.samples
        if labels.items() <= found.labels.items() and not found.name.endswith("_created")
    )


def _free_port() -> int:
    while not is_free(port := random.choice(PORTS)):
        pass
    return port
