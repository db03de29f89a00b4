"""Locks tell who is alive, also after kill -9."""

import subprocess
import sys
from pathlib import Path

from tests.cluster.cache import exclusive, holder, is_held

HOLD = """
import sys, time
from pathlib import Path
from tests.cluster.cache import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_falls_when_the_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert holder(lock) == other.pid
        other.kill()
        other.wait()
    assert holder(lock) is None


def test_a_lock_that_was_never_taken_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    with exclusive(tmp_path / "lock"):
        assert is_held(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
