"""Nothing outlives a run: whichever process is killed, in whatever way, the others end and the folder goes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import processes
from tests.cluster.errors import ClusterError
from tests.cluster.processes import Processes

END_SECONDS = 60.0
# A run with two children; a forked copy of it may keep its end of the socket open.
RUN = """
import json, os, sys, time
from tests.cluster.processes import Processes
started = Processes()
pids = [started.start(name, ["sleep", "60"], os.environ) for name in ("one", "two")]
started.at_end(["touch", sys.argv[1]])
copy = os.fork() if sys.argv[2] == "forked" else None
if copy != 0:
    facts = {"pids": pids, "supervisor": started._supervisor.pid, "folder": str(started.folder), "copy": copy}
    print(json.dumps(facts), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep these tests' sweeps away from the clusters that others run on this machine."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def begin(marker: Path, how: str = "alone") -> tuple[subprocess.Popen[str], dict[str, Any]]:
    run = subprocess.Popen([sys.executable, "-c", RUN, str(marker), how], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run.stdout:
        return run, json.loads(run.stdout.readline())


def runs(pid: int) -> bool:
    """Whether the process exists and is more than an entry that its parent has not read yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(holds: Callable[[], bool]) -> bool:
    """Whether something comes true within a minute."""
    deadline = time.monotonic() + END_SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def all_ended(facts: dict[str, Any]) -> Callable[[], bool]:
    return lambda: not any(map(runs, [*facts["pids"], facts["supervisor"]]))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_killed_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    run, facts = begin(tmp_path / "closed")
    assert all(map(runs, facts["pids"]))
    run.send_signal(number)
    run.wait()
    assert soon(all_ended(facts))
    assert not Path(facts["folder"]).exists()
    assert (tmp_path / "closed").exists(), "the closing command, which deletes a kind cluster, must run too"


def test_a_forked_copy_of_the_run_does_not_keep_a_dead_run_alive(tmp_path: Path) -> None:
    run, facts = begin(tmp_path / "closed", "forked")
    try:
        run.kill()
        run.wait()
        assert runs(facts["copy"])
        assert soon(all_ended(facts))
        assert not Path(facts["folder"]).exists()
    finally:
        os.kill(facts["copy"], signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_when_the_supervisor_is_killed_the_kernel_ends_its_children_and_the_next_start_removes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, facts = begin(tmp_path / "closed")
    try:
        os.kill(facts["supervisor"], signal.SIGKILL)
        assert soon(all_ended(facts))
        assert Path(facts["folder"]).exists()
        monkeypatch.setattr(processes, "SETTLED_SECONDS", 0)
        processes.sweep()
        assert not Path(facts["folder"]).exists()
    finally:
        run.kill()
        run.wait()


def test_a_sweep_spares_the_folders_of_runs_that_live(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Processes()
    started.states()
    monkeypatch.setattr(processes, "SETTLED_SECONDS", 0)
    processes.sweep()
    assert started.folder.exists()
    started.close()
    assert not started.folder.exists()


def test_a_process_can_be_killed_started_again_and_read_about() -> None:
    started = Processes()
    try:
        first = started.start("sleeper", ["sleep", "60"], os.environ)
        started.signal("sleeper", signal.SIGKILL)
        assert started.states()["sleeper"].code == -signal.SIGKILL
        assert started.start("sleeper", ["sh", "-c", "echo hello; exit 3"], os.environ) != first
        assert soon(lambda: started.states()["sleeper"].code == 3)
        assert started.log_tail("sleeper") == "hello"
    finally:
        started.close()


def test_a_program_that_is_missing_is_named() -> None:
    started = Processes()
    try:
        with pytest.raises(ClusterError, match=r"start nothing: FileNotFoundError: .*/no/such/program"):
            started.start("nothing", ["/no/such/program"], {})
    finally:
        started.close()


def test_a_supervisor_that_is_gone_is_reported_not_waited_for() -> None:
    started = Processes()
    started._supervisor.kill()
    started._supervisor.wait()
    with pytest.raises(ClusterError, match="has ended"):
        started.states()
    started.close()
    shutil.rmtree(started.folder)
