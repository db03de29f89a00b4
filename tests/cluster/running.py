"""What a test gets, whatever kind of cluster runs: its address, credentials, kubectl, helm, kubeconfigs for others."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.api import Api
from tests.cluster.errors import CommandError
from tests.cluster.kubeconfig import Credentials, Endpoint, by_token, write

COMMAND_SECONDS = 120.0
TOKEN_LIFETIME = "24h"


@dataclass(frozen=True)
class ServiceAccount:
    """An existing ServiceAccount, to act as by a token the API server issues."""

    namespace: str
    name: str


@dataclass(frozen=True)
class User:
    """A user and its groups, as RBAC bindings name them."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunningCluster:
    """A cluster that answers. `ca` and `kubeconfig` are files; the kubeconfig has all rights.

    `token` is empty where the kubeconfig authenticates in another way. `fake_nodes`: whether nodes of the node file
    exist. `credentials` gives what another user presents.
    """

    url: str
    ca: Path
    token: str
    kubeconfig: Path
    folder: Path
    programs: Path
    fake_nodes: bool
    credentials: Callable[[User], Credentials]

    def kubectl(
        self, *args: str, stdin: str = "", as_: Path | None = None, check: bool = True, timeout: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, with this cluster's kubeconfig or `as_`. Raises CommandError if it fails and `check` holds."""
        return self._checked(self._run("kubectl", args, stdin, as_, timeout), check=check)

    def helm(
        self, *args: str, stdin: str = "", as_: Path | None = None, check: bool = True, timeout: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run helm, as `kubectl` does."""
        return self._checked(self._run("helm", args, stdin, as_, timeout), check=check)

    def kubeconfig_for(self, subject: ServiceAccount | User) -> Path:
        """Write a kubeconfig that acts as `subject`, with exactly its rights; returns its path.

        A ServiceAccount must exist (else CommandError); its token holds for 24 hours.
        """
        if isinstance(subject, User):
            label, credentials = subject.name, self.credentials(subject)
        else:
            label = f"{subject.namespace}-{subject.name}"
            where = (f"--namespace={subject.namespace}", f"--duration={TOKEN_LIFETIME}")
            credentials = by_token(self.kubectl("create", "token", subject.name, *where).stdout.strip())
        path = self.folder / f"as-{re.sub('[^a-z0-9.-]+', '-', label.lower())}.kubeconfig"
        return write(path, Endpoint(self.url, self.ca.read_bytes()), credentials)

    def environment(self) -> dict[str, str]:
        """This process's environment with the kubeconfig, the programs on PATH and caches of this cluster alone."""
        # Plugins such as kubectl-pilothouse are installed beside the interpreter that runs the tests.
        path = os.pathsep.join([str(self.programs), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        caches = {f"HELM_{kind}_HOME": str(self.folder / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        own = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.folder / "kube-cache"), "PATH": path}
        return os.environ | caches | own

    def api(self) -> Api:
        """Plain JSON requests with the cluster's token."""
        return Api(self.url, self.ca, self.token)

    def _run(
        self, program: str, args: tuple[str, ...], stdin: str, as_: Path | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        environment = self.environment() | ({"KUBECONFIG": str(as_)} if as_ else {})
        command = [str(self.programs / program), *args]
        return subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    @staticmethod
    def _checked(done: subprocess.CompletedProcess[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        if check and done.returncode != 0:
            raise CommandError(" ".join([Path(done.args[0]).name, *done.args[1:]]), done)
        return done
