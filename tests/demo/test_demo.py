"""The demonstration as its audience would play it, without a terminal: it holds, it fails loudly, it leaves nothing."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo import claims
from tests.demo.__main__ import INTERRUPTED, play
from tests.demo.stage import ROOT, Stage
from tests.demo.world import World, world

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(400)]

COMMAND = (sys.executable, "-m", "tests.demo")
README = ROOT / "README.md"
CONTROL_CODES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
ACTS = (
    "1  The world it runs on",
    "2  First the Plan",
    "3  A person approves",
    "4  Changed behind its back",
    "5  Deleted behind its back",
    "6  Killed in the middle",
    "7  Gone, all of it",
)
VERIFIED = (
    "four Cells answer",
    "all 9 steps wait",
    "one pod of web into each of the three zones",
    "is the URL that AWS gave the queue",
    "both changes were seen",
    "the queue exists again",
    "web grew to 5 replicas without asking",
    "for a caller that was dead already",
    "no duplicate: AWS's journal shows 2 launches in all",
    "nothing is left",
    "asked for nothing that it does not do",
)


BOUTIQUE = (
    "three Cells answer",
    "steps wait, and so far AWS was asked to change nothing",
    "all 11 services run",
    "the private subnets reach the internet through a NAT gateway",
    "which the services read by envFrom, are what AWS chose",
    "the door is shut, and the way out is back",
    "nothing is left",
    "asked for nothing that it does not do",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everything that the demonstration writes goes: its path marks every process that was started for it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def one_line(text: str) -> str:
    """Return a text without its line breaks and wide gaps."""
    return " ".join(text.split())


def told(text: str) -> set[str]:
    """Return the commands and claims in an output, with what differs from run to run masked."""
    masked = re.sub(r"\b[0-9a-f]*[0-9][0-9a-f]*\b", "#", text)
    return {line for line in masked.splitlines() if line.startswith(("$ ", ">>> ", "✓ "))}


def started_for(folder: Path) -> list[str]:
    """Return the command lines of living processes, this one aside, that know of `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if process.name != str(os.getpid()) and str(folder).encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_every_claim_holds_without_a_terminal(folder: Path) -> None:
    """A pipe has nobody who could answer a question, and shows control codes as dirt. The README shows this output."""
    done = subprocess.run(COMMAND, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (*ACTS, *VERIFIED, "$ kubectl pilothouse plan checkout", "Every claim was checked and holds."):
        assert one_line(part) in one_line(done.stdout), f"{part!r} is missing in\n{done.stdout}"
    assert told(README.read_text().split("<!-- demo -->")[1].split("<!-- /demo -->")[0]) - told(done.stdout) == set()
    assert CONTROL_CODES.findall(done.stdout + done.stderr) == []
    assert started_for(folder) == []
    assert list(folder.iterdir()) == []


def test_every_claim_of_the_boutique_holds(folder: Path) -> None:
    command = (*COMMAND, "boutique")
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [part for part in BOUTIQUE if one_line(part) not in one_line(done.stdout)] == []
    assert started_for(folder) == []


def test_ctrl_c_ends_everything_that_was_started(folder: Path) -> None:
    """Whoever has seen enough must not look for processes afterwards."""
    with subprocess.Popen(COMMAND, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any(line.startswith(ACTS[1]) for line in iter(demo.stdout.readline, ""))
        assert len(started_for(folder)) > 3, "this test must see the processes that it is about"
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
    assert demo.returncode == INTERRUPTED
    assert rest.endswith("Stopped, and everything that was started is ended.\n"), rest
    assert started_for(folder) == []
    assert list(folder.iterdir()) == []


def test_a_claim_that_does_not_hold_says_so_and_where_the_logs_are(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A demonstration that cannot fail shows nothing."""

    def lie(_stage: Stage, everything: World) -> None:
        claims.expect("queues in AWS", claims.queues(everything), 7)

    stage = Stage()
    with world("checkout", stage) as everything:
        code = play([lie], stage, everything)
    out = capfd.readouterr().out
    assert code == 1
    assert "✗ queues in AWS\n    expected: 7\n    seen:     0\n" in out
    assert "The operator's log ends with:" in out
    assert "leading as pilothouse-0" in out
    [logs] = folder.iterdir()
    assert str(logs) in out.replace("\n", "")
    assert {"etcd.log", "kube-apiserver.log", "operator.log"} <= {log.name for log in logs.iterdir()}
    assert started_for(folder) == []
