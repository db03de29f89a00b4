"""The process that owns a cluster's processes and folder, so that nothing outlives a run, however the run ends.

It is started with one end of a socket as its standard input and obeys JSON lines from the other end. When that end is
closed, which the kernel does even after kill -9, it kills what it started, runs the closing command if one was given,
removes the folder and ends. Should the supervisor itself be killed, the kernel kills its children (on Linux, by
PR_SET_PDEATHSIG), and the next cluster's start removes the folder.

It runs as a plain file with the standard library only, so it is up in milliseconds and depends on nothing that breaks.
"""

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
PARENT_CHECK_SECONDS = 1.0
CLOSING_COMMAND_SECONDS = 120


class Supervisor:
    """The children of one cluster, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._closing_command: list[str] = []

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command and return the answer; an unexpected failure is answered, not raised."""
        actions: dict[str, Callable[..., Any]] = {
            "start": self.start, "signal": self.signal, "status": self.status, "at_end": self.at_end,
        }  # fmt: skip
        try:
            return {"answer": actions[command.pop("do")](**command)}
        except (KeyError, TypeError, OSError, subprocess.SubprocessError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def start(self, name: str, argv: list[str], environment: dict[str, str]) -> int:
        """Start a child with its output appended to `<folder>/<name>.log`; returns its process id."""
        with (self._folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self._folder,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
            )  # fmt: skip
        self._children[name] = child
        return child.pid

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a child; after SIGKILL, also wait for its end."""
        self._children[name].send_signal(number)
        if number == signal.SIGKILL:
            self._children[name].wait()

    def status(self) -> dict[str, dict[str, int | None]]:
        """Process id of every child and the code it ended with; None while it runs."""
        return {name: {"pid": child.pid, "code": child.poll()} for name, child in self._children.items()}

    def at_end(self, argv: list[str]) -> None:
        """Remember the command to run when all is over."""
        self._closing_command = argv

    def close(self) -> None:
        """Kill every child, run the closing command and remove the folder."""
        for child in self._children.values():
            child.kill()
        for child in self._children.values():
            child.wait()
        if self._closing_command:
            subprocess.run(self._closing_command, timeout=CLOSING_COMMAND_SECONDS, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


def load_prctl() -> Callable[..., int] | None:
    """Linux's prctl, looked up once, before any fork."""
    if sys.platform != "linux":
        return None
    return ctypes.CDLL(None, use_errno=True).prctl


PRCTL = load_prctl()


def die_with_parent() -> None:
    """In a child before exec: have the kernel kill it when this process ends."""
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(connection: socket.socket, supervisor: Supervisor, parent: int) -> None:
    """Obey commands until the other end closes or the parent is gone.

    The parent is watched too, because a fork of it may still hold the other end.
    """
    pending = b""
    while os.getppid() == parent:
        if not select.select([connection], [], [], PARENT_CHECK_SECONDS)[0]:
            continue
        received = connection.recv(1 << 16)
        if not received:
            return
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            connection.sendall(json.dumps(supervisor.obey(json.loads(line))).encode() + b"\n")


def end(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an orderly end."""
    sys.exit(128 + number)


def main(folder: Path, parent: int) -> None:
    """Serve the socket on standard input; the lock on `<folder>/alive` tells others that this folder is in use."""
    supervisor = Supervisor(folder)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    with (folder / "alive").open("w") as alive, socket.socket(fileno=os.dup(0)) as connection:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            serve(connection, supervisor, parent)
        except ConnectionError:
            pass
        finally:
            supervisor.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
