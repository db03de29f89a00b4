"""The run's side of the supervisor: start it, give it commands, end it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.cache import is_held
from tests.cluster.errors import ClusterError

SUPERVISOR = Path(__file__).with_name("supervisor.py")
FOLDER_PREFIX = "pilothouse-cluster-"
SETTLED_SECONDS = 60  # a younger folder may belong to a supervisor that has not locked it yet
CLOSE_SECONDS = 180


@dataclass(frozen=True)
class ProcessState:
    """Process id, and the code the process ended with (negative: the signal), None while it runs."""

    pid: int
    code: int | None


class Processes:
    """The processes of one cluster, in a folder of their own under the temporary directory; both end with `close`."""

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            # -I and -S: neither the tree nor site-packages can change what the supervisor does.
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", str(SUPERVISOR), str(self.folder), str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._answers = self._socket.makefile("rb")

    def start(self, name: str, argv: Sequence[str | Path], environment: Mapping[str, str]) -> int:
        """Start `argv` with just this environment, logging to `<folder>/<name>.log`; returns the process id."""
        words = [str(word) for word in argv]
        pid: int = self._ask(do="start", name=name, argv=words, environment=dict(environment))
        return pid

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process `name`; after SIGKILL it is gone when this returns."""
        self._ask(do="signal", name=name, number=int(number))

    def states(self) -> dict[str, ProcessState]:
        """Every process ever started, by name."""
        return {name: ProcessState(**state) for name, state in self._ask(do="status").items()}

    def at_end(self, argv: Sequence[str | Path]) -> None:
        """Have the supervisor run `argv` when the run is over, also after kill -9."""
        self._ask(do="at_end", argv=[str(word) for word in argv])

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines of a process's log."""
        log = self.folder / f"{name}.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def close(self) -> None:
        """End every process and remove the folder."""
        self._answers.close()
        self._socket.close()
        self._supervisor.wait(CLOSE_SECONDS)

    def _ask(self, **command: Any) -> Any:
        try:
            with self._lock:
                self._socket.sendall(json.dumps(command).encode() + b"\n")
                line = self._answers.readline()
        except OSError as error:
            line, reason = b"", f": {error}"
        else:
            reason = ""
        if not line:
            raise ClusterError(f"the supervisor of {self.folder} has ended{reason}: start the cluster anew")
        reply = json.loads(line)
        if "error" in reply:
            raise ClusterError(f"{command['do']} {command.get('name', '')}: {reply['error']}")
        return reply["answer"]


def sweep() -> None:
    """Remove folders of this user whose supervisor was killed before it could do so."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        try:
            facts = folder.stat()
        except FileNotFoundError:
            continue
        settled = time.time() - facts.st_mtime > SETTLED_SECONDS
        if facts.st_uid == os.getuid() and settled and not is_held(folder / "alive"):
            shutil.rmtree(folder, ignore_errors=True)
