"""Choosing a cluster: what CLUSTER may say, and that nobody else's cluster is touched without a yes."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cluster import existing, kinds
from tests.cluster.errors import ClusterError
from tests.cluster.running import RunningCluster, User

ASK = "from tests.cluster.existing import confirm; confirm('Really?'); print('agreed')"


@pytest.mark.parametrize(
    ("value", "kind"), [("", "built"), ("built", "built"), ("current", "current"), ("kind", "kind")]
)
def test_the_environment_names_the_kind(monkeypatch: pytest.MonkeyPatch, value: str, kind: str) -> None:
    monkeypatch.setenv("CLUSTER", value)
    assert kinds.wanted() == kind


def test_an_unknown_kind_is_refused_with_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "minikube")
    with pytest.raises(ClusterError, match="CLUSTER=minikube: expected one of built, current, kind"):
        kinds.wanted()


def ask(answer: str) -> tuple[int, str]:
    """Ask in a process of its own on a new terminal; the exit code and everything shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-c", ASK], {"PYTHONPATH": str(Path.cwd())})  # noqa: S606
    shown = b""
    with os.fdopen(terminal, "r+b", buffering=0) as handle, suppress(OSError):  # EIO: the other side closed
        while b"[y/N]" not in shown:
            shown += handle.read(1024)
        handle.write(answer.encode() + b"\n")
        while received := handle.read(1024):
            shown += received
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


# pytest-timeout and others may keep threads; the child execs at once, so forking beside them is safe.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("answer", "agreed"), [("y", True), ("Yes", True), ("", False), ("n", False), ("yikes", False)]
)
def test_only_a_plain_yes_on_the_terminal_is_a_yes(answer: str, agreed: bool) -> None:  # noqa: FBT001
    code, shown = ask(answer)
    assert "Really? [y/N]" in shown
    assert (code == 0, "agreed" in shown) == (agreed, agreed), shown


def ask_without_terminal(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | environment, start_new_session=True, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def test_without_a_terminal_the_answer_is_no_unless_the_environment_agrees() -> None:
    refused = ask_without_terminal(PILOTHOUSE_CLUSTER_YES="")
    assert refused.returncode != 0
    assert "There is no terminal to ask on: set PILOTHOUSE_CLUSTER_YES=1 to agree" in refused.stderr
    assert ask_without_terminal(PILOTHOUSE_CLUSTER_YES="1").stdout == "agreed\n"


def test_without_kind_or_docker_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="no kind on PATH: install kind, or use CLUSTER=built"):
        existing.kind_that_answers()
    (tmp_path / "kind").touch(mode=0o755)
    with pytest.raises(ClusterError, match=r"docker info .*: start Docker .* or use CLUSTER=built"):
        existing.kind_that_answers()


@pytest.mark.cluster
def test_the_current_context_is_used_as_it_is_once_agreed(
    cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv(existing.YES, "1")
    with kinds.cluster_of(kinds.Kind.CURRENT) as current:
        assert current.url == cluster.url
        assert not current.fake_nodes
        jane = current.kubeconfig_for(User("jane", ("developers",)))
        seen = current.kubectl("auth", "whoami", "--output=jsonpath={.status.userInfo}", as_=jane).stdout
        assert '"username":"jane"' in seen
        assert '"developers"' in seen
        folder = current.folder
    assert not folder.exists()


@pytest.mark.cluster
def test_without_a_context_the_message_says_how_to_set_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with (
        pytest.raises(ClusterError, match="current-context is not set: set a context: kubectl config use-context"),
        kinds.cluster_of(kinds.Kind.CURRENT),
    ):
        pass
