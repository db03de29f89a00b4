"""`--help` and a typo are answered at once: what takes time is loaded by the command that needs it."""

import subprocess
import sys

import pytest

HEAVY = {"kubernetes", "rich", "yaml", "pilothouse.api"}
PROBE = """
import sys
from pilothouse.cli.main import run
run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("line", ["--help", "plan --help", "status --help", "plan", "nonsense"])
def test_nothing_heavy_is_loaded_to_answer(line: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *line.split()], capture_output=True, text=True, check=True, timeout=60
    )
    assert HEAVY & set(run.stderr.split()) == set()


def test_the_installed_program_answers_to_its_name() -> None:
    program = (
        "import sys; from pilothouse.cli.main import main; sys.argv = ['kubectl-pilothouse', 'approve', '-h']; main()"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0
    assert run.stdout.startswith("Usage: kubectl pilothouse approve ")
