"""What can go wrong with a test cluster.

ClusterError            anything a person has to act on; the message says what to do
├── BuildError          a program could not be built or no Go toolchain was found
├── NodesError          the node file is wrong: names the field, what was found and what was expected
├── CommandError        kubectl or helm ended with an error
└── ApiError            the API server answered with an error status
"""

import subprocess


class ClusterError(Exception):
    """A test cluster cannot do what was asked."""


class BuildError(ClusterError):
    """The programs of the cluster cannot be built."""


class NodesError(ClusterError):
    """The description of the fake nodes is wrong."""


class CommandError(ClusterError):
    """kubectl or helm failed; `done` is what it left: `returncode`, `stdout`, `stderr`."""

    def __init__(self, command: str, done: subprocess.CompletedProcess[str]) -> None:
        super().__init__(f"{command} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        self.done = done


class ApiError(ClusterError):
    """The API server refused a request; `status` is the HTTP status."""

    def __init__(self, request: str, status: int, message: str) -> None:
        super().__init__(f"{request}: HTTP {status}: {message}")
        self.status = status
